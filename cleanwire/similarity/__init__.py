"""Near-duplicates: tokens, MinHash signatures, and an index that finds what is similar.

Invariant: a signature of one version is the same on every machine, for ever.
"""
