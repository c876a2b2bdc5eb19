"""The fault harness: the parts of bench/faults.py, in the order in which a run needs them.

- `load` makes raw-page events, each a function of a seed and its number.
- `publish` puts them on Kafka and records every acknowledgement.
- `fleet` runs the workers and starts them again.
- `nemesis` does the faults, and `takedowns` asks for takedowns.
- `observe` asks Kafka how far the stream has come.
- `gather` reads all topics and runs the batch mode beside them.
- `check` compares the two; `terms` has the values that it takes and finds.
- `run` does all of it, and `report` writes the result as Markdown.
"""
