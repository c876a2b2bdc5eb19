"""What watches a worker: stalls, refused logins, its log.

Invariant: a worker that cannot go on ends non-zero, and says why in one line.
"""
