"""A real Kafka on this machine, and pages to try the stream with.

Invariant: no worker beside a real cluster needs anything of it.
"""
