"""Labelled pages of sites and farms, and F1 of what was extracted from pages.

Invariant: the gate, the quality page and the training draw the same pages of a site and count the
same way.
"""

import contextlib
import gzip
import importlib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared"
MEASURING = SHARED / "bench" / "extraction"


def evaluator() -> Any:  # noqa: ANN401 - a module outside the project
    """The program that counts."""
    if str(MEASURING) not in sys.path:
        sys.path.insert(0, str(MEASURING))
    return importlib.import_module("evaluate")


def counts(truth: Any, text: str) -> Sequence[float]:  # noqa: ANN401 - a class outside the project
    """What is right in a text: three shares of shingles, or four counts of a page's snippets."""
    found: Sequence[float] = (
        evaluator().snippet_counts(truth, text)
        if truth.text is None
        else evaluator().shingle_match(truth.text, text)
    )
    return found


def f1(rows: Sequence[Sequence[float]]) -> float:
    """F1 of pages, by what `counts` gave for each; all of them have the same kind of labels."""
    if len(rows[0]) == 3:  # noqa: PLR2004 - shares of shingles; snippets have four counts
        found: float = evaluator().shingle_scores(rows)[2]
        return found
    tp, fp, fn, _ = map(sum, zip(*rows, strict=True))
    return 2 * tp / (2 * tp + fp + fn)


def site_pages(folder: Path, most: int | None = None) -> Iterator[tuple[dict[str, Any], str]]:
    """The pages of a site: of each its truth and its HTML, or its lines.

    Args:
        folder: a folder with `truth.jsonl.gz` and `pages`.
        most: how many pages are drawn, by the folder's name; None for all.
    """
    with gzip.open(folder / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        truths = [json.loads(line) for line in lines]
    if most is not None and len(truths) > most:
        truths = random.Random(folder.name).sample(truths, most)  # noqa: S311 - a sample, no secret
    for truth in truths:
        path = folder / "pages" / f"{truth['id']}.html.gz"
        yield truth, gzip.decompress(path.read_bytes()).decode("utf-8")


@contextlib.contextmanager
def farms(*options: str) -> Iterator[list[Path]]:
    """The folders of generated content farms, while the context is open.

    Args:
        options: those of make_farms.py.
    """
    program = SHARED / "bench" / "sites" / "make_farms.py"
    articles = SHARED / "data" / "dedup" / "articles.jsonl.gz"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(program), "--articles", str(articles), "--out", folder]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a program of ours
        yield sorted(Path(folder).iterdir())
