"""What watches a worker: its stalls, its refused logins, its log.

Invariant: a worker that cannot go on ends with a non-zero exit code and says why in one line.
"""
