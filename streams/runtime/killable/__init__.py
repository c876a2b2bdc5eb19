"""Processes that work on a page at a time and may be killed at any moment.

Invariant: nothing here knows what the work is. A request is bytes, and its answer is bytes.
"""
