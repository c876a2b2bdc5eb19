"""Near-duplicates: tokens, MinHash signatures, and an index of similar articles.

Invariant: a signature of one version is the same on every machine, for ever.
"""
