"""HTML or plain text -> title, authors, dates, language and body blocks.

Invariant: this package exports its entry points and has no logic of its own.
"""

from cleanwire.extract.extractor import Extracted, extract_html, extract_text

__all__ = ["Extracted", "extract_html", "extract_text"]
