"""Where a page's time goes: the steps of `clean_page`, timed one by one.

Invariant: the shipped code runs, with a clock around each step, and no step contains another.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import cleanwire
from cleanwire import clean, native, urls
from cleanwire.extract import extractor, readings
from cleanwire.extract.model import forest, select_blocks
from cleanwire.similarity import minhash

STEPS: tuple[tuple[str, Any, str], ...] = (
    ("decode and encode", clean, "decode"),
    ("parse (lexbor)", extractor, "parsed"),
    ("parse (lexbor)", readings, "LexborHTMLParser"),
    ("metadata from its data", extractor, "read_metadata"),
    ("strip, write and cut into blocks", extractor, "read_html"),
    ("strip, write and cut into blocks", readings, "read_html"),
    ("features", select_blocks, "features"),
    ("comments, repeats and teasers", extractor, "exclude_blocks"),
    ("forest", forest, "BLOCKS"),
    ("authors and dates from elements", extractor, "with_elements"),
    ("structure, and what was removed", extractor, "assembled"),
    ("is it an article", extractor, "check_article"),
    ("language", extractor, "language_of"),
    ("signature", minhash, "sign"),
    ("id (SHA-256)", urls, "article_id"),
)


def costs(pages: Iterable[Any]) -> dict[str, float]:
    """Milliseconds for a page, by step; `all` is the whole of `clean_page`."""
    native.require()
    spent: dict[str, float] = defaultdict(float)
    count = 0
    with _timed(spent):
        for page in pages:
            start = time.perf_counter()
            with suppress(cleanwire.PageRejected):
                cleanwire.clean_page(page.html, url=page.url, content_type="text/html")
            spent["all"] += time.perf_counter() - start
            count += 1
    return {name: 1000 * seconds / max(count, 1) for name, seconds in spent.items()}


@contextmanager
def _timed(spent: dict[str, float]) -> Iterator[None]:
    originals = [(module, name, getattr(module, name)) for _, module, name in STEPS]
    try:
        for step, module, name in STEPS:
            setattr(module, name, _clocked(step, getattr(module, name), spent))
        yield
    finally:
        for module, name, original in originals:
            setattr(module, name, original)


def _clocked(step: str, call: Callable[..., Any], spent: dict[str, float]) -> Callable[..., Any]:
    def clocked(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the step takes
        start = time.perf_counter()
        try:
            return call(*arguments, **options)
        finally:
            spent[step] += time.perf_counter() - start

    return clocked
