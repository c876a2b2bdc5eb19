"""A real Kafka on this machine, and sample pages, to try the stream with.

Invariant: a worker that runs on a real cluster imports nothing from here.
"""
