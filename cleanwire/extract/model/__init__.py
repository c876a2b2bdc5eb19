"""The learned model: features of blocks and pages, the forests, and what they decide.

Invariant: training and use call the same functions.
"""
