"""The labelled pages as examples: HTML as blocks, or flattened to lines.

Invariant: an example names its set and its site, and a set is one origin. No page is in two sets:
of near-copies between sets the first one stays.
"""

import importlib
import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from labelled import SHARED, farms, site_pages
from resiliparse.extract.html2text import extract_plain_text
from selectolax.lexbor import LexborHTMLParser

from cleanwire import Deduper
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import read_html, read_lines
from cleanwire.extract.metadata.metadata import read_metadata
from cleanwire.extract.model.block_features import Hints
from cleanwire.extract.model.select_blocks import hints_of
from training.labels import Example, label, tokens

SETS = ("aeb", "fundus", "wcxb", "wcxb-drafted", "snippets", "readability", "newspaper")
"""The sets of single pages."""
SITES, FARMS = "sites", "farms"
"""The set of sites with many pages, and the set of generated content farms."""
ORIGINS = {"wcxb-drafted": "wcxb"}
"""Sets that are of one origin with another set."""
FARM_SEEDS = (101, 102)
FARM_SITES, FARM_PAGES = 12, 15
MOST_PAGES = 15
"""How many pages of a site are learned from."""
BOTH_WAYS = (*SETS, FARMS)
"""The sets that the model of lines learns from."""


def origin_of(dataset: str) -> str:
    """The origin of a set: what is left out when it is judged."""
    return ORIGINS.get(dataset, dataset)


def corpus() -> Any:  # noqa: ANN401 - a module outside the project
    """The measuring programs' reader of data sets."""
    folder = str(SHARED / "bench" / "extraction")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module("corpus")


def examples(*, flat: bool) -> list[Example]:
    """All pages with a block, those of `snippets` without labels."""
    found = [
        example
        for dataset, site, truth in _unrepeated(pages(BOTH_WAYS if flat else (*SETS, SITES, FARMS)))
        if (example := _example(dataset, site, truth, flat=flat)) is not None
    ]
    return _weighed(found)


def pages(sets: Iterable[str], most: int = MOST_PAGES) -> Iterator[tuple[str, str, Any]]:
    """The pages of sets: set, site and truth.

    Args:
        sets: the names of the sets.
        most: how many pages of one site of `SITES` are read.
    """
    reader = corpus()
    for name in sets:
        if name == FARMS:
            yield from _farms()
        elif name == SITES:
            for folder in sorted(SHARED.joinpath("data", "sites").iterdir()):
                if folder.is_dir():
                    yield from _site(SITES, folder, most)
        else:
            for truth in reader.read_dataset(SHARED / "data" / "extraction" / name):
                # The addresses of this set are made up, and all alike.
                site = truth.id if name == "readability" else reader.site_key(truth.url)
                yield name, site, truth


def _site(dataset: str, folder: Path, most: int) -> Iterator[tuple[str, str, Any]]:
    for truth, html in site_pages(folder, most):
        page = corpus().Page(
            *(truth["id"], truth["url"], dataset, html),
            text=truth["text"],
            title=truth.get("title"),
        )
        # Of a page that is lines already there is no HTML.
        page.is_lines = truth.get("shape") == "text"
        yield dataset, f"{dataset}:{folder.name}", page


def _farms() -> Iterator[tuple[str, str, Any]]:
    for seed in FARM_SEEDS:
        options = ["--sites", str(FARM_SITES), "--pages", str(FARM_PAGES), "--seed", str(seed)]
        with farms(*options, *(["--harsh"] if seed % 2 else [])) as folders:
            for site in folders:
                yield from _site(FARMS, site, FARM_PAGES)


def _unrepeated(found: Iterable[tuple[str, str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """The pages without those that repeat a page of another set; farms are made of the others."""
    deduper = Deduper()
    sets: dict[str, str] = {}
    for number, (dataset, site, truth) in enumerate(found):
        if truth.text and dataset != FARMS:
            name = f"{number}"
            original = deduper.add_text(name, truth.text).duplicate_of
            sets[name] = dataset
            if original is not None and sets[original] != dataset:
                continue
        yield dataset, site, truth


def _example(dataset: str, site: str, truth: Any, *, flat: bool) -> Example | None:  # noqa: ANN401 - a class outside the project
    is_lines = getattr(truth, "is_lines", False)
    # A farm's page that has HTML says nothing new of lines.
    if is_lines != flat and (is_lines or dataset == FARMS):
        return None
    if is_lines:
        page, hints = read_lines(truth.html.splitlines()), Hints()
    else:
        page, hints = _flat(truth.html) if flat else _blocks(truth.html, truth.url)
    if not len(page):
        return None
    # Nobody asks for them any more, and they are most of a page's memory.
    page.written = None
    if truth.text is None:
        cover = np.zeros(0)
        words = np.array([float(len(tokens(text))) for text in page.texts])
        gold_words = 0
    else:
        cover, words, gold_words = label(page.texts, truth.text)
    return Example(dataset, site, page, hints, truth, cover, words, gold_words, np.ones(len(page)))


SITE_WEIGHT = 8.0
"""The pages of one site weigh at most as much as this many."""


def _weighed(found: list[Example]) -> list[Example]:
    by_site = sorted(found, key=lambda example: example.site)
    for _, group in itertools.groupby(by_site, key=lambda example: example.site):
        of_site = list(group)
        for example in of_site:
            example.trust *= min(1.0, SITE_WEIGHT / len(of_site))
    return found


def _blocks(html: str, url: str) -> tuple[BlockList, Hints]:
    tree = LexborHTMLParser(html)
    hints = hints_of(read_metadata(tree, url))
    return read_html(tree), hints


def _flat(html: str) -> tuple[BlockList, Hints]:
    return read_lines(flat_lines(html)), Hints()


def flat_lines(html: str) -> list[str]:
    """A page flattened to its visible lines, as crawlers without an extractor deliver it."""
    lines: list[str] = extract_plain_text(html, main_content=False).splitlines()
    return lines
