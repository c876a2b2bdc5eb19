"""Who wrote a page: the witnesses, and the names in them.

Invariant: no name is better than a wrong one.
"""
