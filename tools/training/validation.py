"""Scores on sites that a model was not trained on.

Invariant: a page is answered for by a model that learned from no page of its site, through
the whole extractor as it is shipped.
"""

import gzip
import importlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from adapters import unjudged

from cleanwire.extract import extract_text
from cleanwire.extract.model.feature_names import WORDS
from cleanwire.extract.model.select_blocks import chosen
from training.dataset import corpus, flat_lines
from training.fit import Fitted, fit, in_use, likely_blocks, part, shortened
from training.labels import Example

FOLDS = 5
JUDGED = ("aeb", "fundus", "wcxb", "snippets")
CURVE = (25, 50, 100, 200)
UNSEEN = {"html": "cleanwire", "lines": "cleanwire, lines"}

Scores = dict[tuple[str, str], list[Any]]


def validate(
    html: Sequence[Example],
    flat: Sequence[Example],
    texts: Path | None,
    say: Callable[[str], None],
) -> None:
    """Print the scores.

    Args:
        html: the labelled pages.
        flat: the same pages, flattened to lines.
        texts: where to write what was extracted, as evaluate.py reads it (gzip, JSON Lines).
        say: is told how far it is.
    """
    scores: Scores = defaultdict(list)
    answers: list[dict[str, Any]] = []
    for fold in range(FOLDS):
        say(f"fold {fold + 1} of {FOLDS}")
        known, held = (
            [
                [e for e in kind if (part(e.site, FOLDS, "cv") == fold) is unseen]
                for kind in (html, flat)
            ]
            for unseen in (False, True)
        )
        fitted = fit(*known, say)
        pages, lines = ([e for e in kind if e.dataset in JUDGED] for kind in held)
        _curve(fitted, pages, scores)
        with in_use(fitted):
            for name, kind in (("html", pages), ("lines", lines)):
                for example in kind:
                    answer = _answer(example)
                    answers.append({"name": UNSEEN[name], "id": example.truth.id} | answer)
                    scores[name, example.dataset].append(_score(example, answer["text"]))
    for name in (*UNSEEN, *(f"{trees} trees" for trees in CURVE)):
        for dataset in JUDGED:
            rows = scores[name, dataset]
            print(f"{name:<9} {dataset:<9} {len(rows):>4} pages  F1 {_f1(rows):.4f}", flush=True)
    if texts is not None:
        with gzip.open(texts, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers)


def _curve(fitted: Fitted, pages: Sequence[Example], scores: Scores) -> None:
    """Score the blocks that smaller forests choose."""
    for trees in CURVE:
        forest = shortened(fitted, trees)
        for example in pages:
            likely, rows = likely_blocks(example, forest, fitted.names)
            taken = [example.page.texts[place] for place in chosen(likely, rows[WORDS])]
            scores[f"{trees} trees", example.dataset].append(_score(example, "\n\n".join(taken)))


def _evaluate() -> Any:  # noqa: ANN401 - a module outside the project
    corpus()
    return importlib.import_module("evaluate")


def _score(example: Example, text: str) -> Any:  # noqa: ANN401 - rows of a module outside the project
    if example.truth.text is None:
        return _evaluate().snippet_counts(example.truth, text)
    return _evaluate().shingle_match(example.truth.text, text)


def _f1(rows: Sequence[Any]) -> float:
    if len(rows[0]) == 3:  # noqa: PLR2004 - shares of shingles; snippets have four counts
        found: float = _evaluate().shingle_scores(rows)[2]
        return found
    tp, fp, fn, _ = map(sum, zip(*rows, strict=True))
    return 2 * tp / (2 * tp + fp + fn)


def _answer(example: Example) -> dict[str, Any]:
    """What the extractor makes of a page, as shipped but for the model in use."""
    html, url = example.truth.html, example.truth.url
    if example.page.flat:
        flat = extract_text("\n".join(flat_lines(html)), url=url, require_article=False)
        return {"text": "\n\n".join(flat.paragraphs)}
    return unjudged(html, url)
