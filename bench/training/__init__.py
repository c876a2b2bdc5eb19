"""How `cleanwire/extract/model/model.npz` is made; `bench/train.py` is the command."""
