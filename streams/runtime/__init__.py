"""The runtime of the stages, and everything that overrides Faust.

Invariant: a record is acked only after the brokers have acknowledged every record that it leads to.
"""
