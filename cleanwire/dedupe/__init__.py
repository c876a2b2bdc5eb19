"""The decision on an article: new, a duplicate, or a revision.

Invariant: the same articles in the same sequence lead to the same decisions.
"""
