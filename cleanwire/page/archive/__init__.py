"""Records of WARC archives (ISO 28500) -> pages, with their compression and codings undone.

Invariant: nothing here opens a file. Bytes come from the caller, as a value or as an open file.
"""
