"""Cleanwire: raw pages in, each story once and clean out.

The public API is what stands in `__all__`: `clean_page` makes an article of a page,
`Deduper` says whether it tells anything new, `Pipeline` does both on raw-page events.
"""

from cleanwire.clean import clean_page
from cleanwire.decide import Window
from cleanwire.dedupe import Deduper, Verdict
from cleanwire.errors import CleanwireError, PageRejected
from cleanwire.events import Article, CleanArticle, DuplicateArticle, RawPage, Rejection, Source
from cleanwire.index import Thresholds
from cleanwire.pipeline import Pipeline

__all__ = [
    "Article",
    "CleanArticle",
    "CleanwireError",
    "Deduper",
    "DuplicateArticle",
    "PageRejected",
    "Pipeline",
    "RawPage",
    "Rejection",
    "Source",
    "Thresholds",
    "Verdict",
    "Window",
    "clean_page",
]
