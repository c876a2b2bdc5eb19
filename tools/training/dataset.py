"""The labelled pages as examples: HTML as blocks, or flattened to lines."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from resiliparse.extract.html2text import extract_plain_text
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import read_html, read_lines
from cleanwire.extract.metadata.metadata import read_metadata
from cleanwire.extract.model.block_features import Hints
from cleanwire.extract.model.select_blocks import hints_of
from training.labels import Example, label, tokens

SHARED = Path(__file__).resolve().parents[3] / "shared"
SETS = ("aeb", "fundus", "wcxb", "wcxb-drafted", "snippets")


def corpus() -> Any:  # noqa: ANN401 - a module outside the project
    """The measuring programs' reader of data sets."""
    folder = str(SHARED / "bench" / "extraction")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module("corpus")


def examples(*, flat: bool) -> Iterator[Example]:
    """All pages with a block, those of `snippets` without labels."""
    reader = corpus()
    for name in SETS:
        for truth in reader.read_dataset(SHARED / "data" / "extraction" / name):
            page, hints = _flat(truth.html) if flat else _blocks(truth.html, truth.url)
            if not len(page):
                continue
            if truth.text is None:
                cover = np.zeros(0)
                words = np.array([float(len(tokens(text))) for text in page.texts])
                gold_words = 0
            else:
                cover, words, gold_words = label(page.texts, truth.text)
            yield Example(
                name,
                reader.site_key(truth.url),
                page,
                hints,
                truth,
                cover,
                words,
                gold_words,
                np.ones(len(page)),
            )


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
