"""What operators do beside running workers: audit, takedown, reshard.

Invariant: every command ends, and says what it found or did.
"""
