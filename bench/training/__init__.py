"""How `cleanwire/extract/model.npz` is made; `bench/train.py` is the command."""
