"""The learned model: features of blocks and pages, the forests, and their decisions.

Invariant: training and use call the same functions.
"""
