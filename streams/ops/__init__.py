"""What operators do besides running workers: audit, takedown, reshard.

Invariant: every command ends, and reports what it found or did.
"""
