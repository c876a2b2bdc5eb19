"""The fault harness: the parts of bench/faults.py, in the order in which a run needs them.

`load` makes raw-page events, each a function of a seed and its number; `publish` puts them on the
bus and writes down what was acknowledged. `fleet` keeps the workers, `nemesis` hurts them, and
`observe` asks the bus how far they have come. `gather` reads all topics, with the batch mode beside
them, into `check`, which holds the one against the other. `run` is all of it, `report` tells it.
"""
