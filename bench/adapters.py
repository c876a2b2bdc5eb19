"""Cleanwire for the measuring programs: little more than the public API.

`extract` is for `extraction/evaluate.py`, `deduper` for `dedup/evaluate.py`.
"""

from typing import Any

import cleanwire
from cleanwire import native
from cleanwire.extract import Extracted, extract_html

# What is measured is a process that runs long.
native.require()


def extract(html: str, url: str | None) -> dict[str, Any]:
    """Text, title, author and date of a page, and whether it is an article at all."""
    try:
        article = cleanwire.clean_page(html, url=url, content_type="text/html")
    except cleanwire.PageRejected:
        return unjudged(html, url) | {"article": False}
    return {"text": article.text, "article": True} | _metadata(article)


def unjudged(html: str, url: str | None) -> dict[str, Any]:
    """Text, title, author and date of a page, whether or not it is an article."""
    found = extract_html(html, url=url, require_article=False)
    return {"text": "\n\n".join(found.paragraphs)} | _metadata(found)


def _metadata(found: cleanwire.Article | Extracted) -> dict[str, Any]:
    return {
        "title": found.title,
        "author": ", ".join(found.authors),
        "date": found.published_at,
    }


class _Deduper:
    """`cleanwire.Deduper` with its default settings; it is given texts."""

    def __init__(self) -> None:
        self._deduper = cleanwire.Deduper()

    def add(self, name: str, text: str, t: float) -> tuple[str | None, float]:
        """The id of the earlier document that this one repeats, if any; the similarity, 0 to 1."""
        del t  # in some sets it is a sequence number, and no set is longer than the window
        verdict = self._deduper.add_text(name, text)
        return verdict.duplicate_of, verdict.similarity


def deduper() -> _Deduper:
    """An empty deduper."""
    return _Deduper()
