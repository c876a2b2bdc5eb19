"""The state of `dedupe`: its table, its changelog, its recovery and the data folder.

Invariant: the changelog is authoritative. Everything on a disk or in memory is derived from it.
"""
