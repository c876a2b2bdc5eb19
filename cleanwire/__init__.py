"""Cleanwire: raw pages in, each story once and clean out.

The public API is what `__all__` lists. `clean_page` makes an article of a page, `Deduper` says
whether it tells anything new, `Pipeline` does both on raw-page events.

Invariant: a name is imported when it is first used (PEP 562). `import cleanwire.errors` loads
neither the model nor compiled code.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleanwire.clean import clean_page
    from cleanwire.dedupe.deduper import Deduper, Verdict
    from cleanwire.dedupe.policy import Window
    from cleanwire.errors import CleanwireError, PageRejected
    from cleanwire.events import Article, CleanArticle, DuplicateArticle, RawPage, Rejection, Source
    from cleanwire.pipeline import Pipeline
    from cleanwire.similarity.index import Thresholds

_HOMES = {
    "Article": "cleanwire.events",
    "CleanArticle": "cleanwire.events",
    "CleanwireError": "cleanwire.errors",
    "Deduper": "cleanwire.dedupe.deduper",
    "DuplicateArticle": "cleanwire.events",
    "PageRejected": "cleanwire.errors",
    "Pipeline": "cleanwire.pipeline",
    "RawPage": "cleanwire.events",
    "Rejection": "cleanwire.events",
    "Source": "cleanwire.events",
    "Thresholds": "cleanwire.similarity.index",
    "Verdict": "cleanwire.dedupe.deduper",
    "Window": "cleanwire.dedupe.policy",
    "clean_page": "cleanwire.clean",
}

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


def __getattr__(name: str) -> Any:  # noqa: ANN401 - classes and a function
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
