"""HTML or plain text -> title, authors, dates, language and body blocks."""

from cleanwire.extract.extractor import Extracted, extract_html, extract_text

__all__ = ["Extracted", "extract_html", "extract_text"]
