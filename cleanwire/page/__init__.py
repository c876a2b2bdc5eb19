"""A raw-page event or a body -> text: its type, its charset, its limits.

Invariant: the text is what the bytes say, as a browser reads them. A body that is no text is
rejected.
"""
