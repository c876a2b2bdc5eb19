"""Cleans one page: what it may cost, and a process for it alone.

Invariant: nothing here needs an event loop, a pool or a bus.
"""
