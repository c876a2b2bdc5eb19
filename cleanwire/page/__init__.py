"""A raw-page event or a body -> text: its type, its charset, its limits.

Invariant: text is what the bytes say, as a browser reads them; what is no text is rejected.
"""
