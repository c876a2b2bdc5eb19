"""How `cleanwire/extract/model/model.npz` is made; `tools/train.py` is the command."""
