"""The state of dedupe: its table, its changelog, its recovery, its folder.

Invariant: the changelog is the truth; whatever is on a disk or in memory is made of it.
"""
