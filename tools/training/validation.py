"""Scores on sites, and on sets, that a model was not trained on.

Invariant: a page is answered for by a model that learned from no page of its site, through
the whole extractor as it is shipped. In the second protocol the model learned from no page of the
page's origin either: the set it is from, and sets made by the same people.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from adapters import unjudged
from labelled import counts, f1
from numpy.typing import NDArray

from cleanwire.extract import extract_text
from cleanwire.extract.model.feature_names import WORDS
from cleanwire.extract.model.select_blocks import chosen
from training.dataset import FARMS, SITES, flat_lines, origin_of
from training.fit import Fitted, fit, fit_html, in_use, likely_blocks, part, shortened
from training.labels import Example

FOLDS = 5
JUDGED = ("aeb", "fundus", "wcxb", "snippets")
"""The sets of the first protocol."""
JUDGED_WHOLE = (*JUDGED, "readability", "newspaper", SITES, FARMS)
"""The sets of the second protocol."""
CURVE = (25, 50, 100, 200)
UNSEEN_SITE = {"html": "cleanwire", "lines": "cleanwire, lines"}
UNSEEN_SET = "cleanwire, set not seen"

Scores = dict[tuple[str, str], list[Any]]
Answers = list[dict[str, Any]]
Answered = tuple[str, NDArray[np.float64], Example]
"""Set, the probability of each block, and the page."""


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
    answers: Answers = []
    print(reliability(_by_set(html, scores, answers, say)), flush=True)
    _by_site(html, flat, scores, answers, say)
    for name, dataset in scores:
        rows = scores[name, dataset]
        print(f"{name:<9} {dataset:<11} {len(rows):>4} pages  F1 {f1(rows):.4f}", flush=True)
    if texts is not None:
        with gzip.open(texts, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers)


def _by_set(
    html: Sequence[Example], scores: Scores, answers: Answers, say: Callable[[str], None]
) -> list[Answered]:
    """Leave one set out: its origin and its sites."""
    seen: list[Answered] = []
    for dataset in JUDGED_WHOLE:
        say(f"without {dataset}")
        held = [example for example in html if example.dataset == dataset]
        sites = {example.site for example in held}
        known = [
            example
            for example in html
            if origin_of(example.dataset) != origin_of(dataset) and example.site not in sites
        ]
        fitted = fit_html(known, say)
        seen += [
            (dataset, likely_blocks(example, fitted.blocks, fitted.names)[0], example)
            for example in held
            if example.gold_words
        ]
        with in_use(fitted):
            for example in held:
                answer = _answer(example)
                answers.append({"name": UNSEEN_SET, "id": example.truth.id} | answer)
                scores["set", dataset].append(counts(example.truth, answer["text"]))
    return seen


EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


def reliability(answered: Sequence[Answered]) -> str:
    """The reliability curve of blocks of unseen origins, sets alike: a line for each interval.

    Each line has the bounds of the probability, its mean, the share that is content, and the share
    of all words (as they weigh in training) that are in the interval.
    """
    sums = np.zeros((3, len(EDGES) - 1))
    mass = {
        name: sum(float(example.weights.sum()) for other, _, example in answered if other == name)
        for name, _, _ in answered
    }
    for name, likely, example in answered:
        weights = example.weights / mass[name] / len(mass)
        at = np.clip(np.searchsorted(EDGES, likely, side="right") - 1, 0, len(EDGES) - 2)
        for row, values in enumerate((weights * likely, weights * example.content, weights)):
            np.add.at(sums[row], at, values)
    lines = []
    for low, high, mean, content, weight in zip(EDGES, EDGES[1:], *sums, strict=False):
        part_of = max(weight, 1e-12)
        lines.append(
            f"{low:.2f} to {high:.2f}: mean {mean / part_of:.3f}, content {content / part_of:.3f}, "
            f"words {100 * weight:.1f} %"
        )
    return "\n".join(lines)


def _by_site(
    html: Sequence[Example],
    flat: Sequence[Example],
    scores: Scores,
    answers: Answers,
    say: Callable[[str], None],
) -> None:
    """Leave a fifth of the sites out."""
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
                    answers.append({"name": UNSEEN_SITE[name], "id": example.truth.id} | answer)
                    scores[name, example.dataset].append(counts(example.truth, answer["text"]))


def _curve(fitted: Fitted, pages: Sequence[Example], scores: Scores) -> None:
    """Score the blocks that smaller forests choose."""
    for trees in CURVE:
        forest = shortened(fitted, trees)
        for example in pages:
            likely, rows = likely_blocks(example, forest, fitted.names)
            taken = [example.page.texts[place] for place in chosen(likely, rows[WORDS])]
            scores[f"{trees} trees", example.dataset].append(
                counts(example.truth, "\n\n".join(taken))
            )


def _answer(example: Example) -> dict[str, Any]:
    """What the extractor makes of a page, as shipped but for the model in use."""
    html, url = example.truth.html, example.truth.url
    if example.page.flat:
        flat = extract_text("\n".join(flat_lines(html)), url=url, require_article=False)
        return {"text": "\n\n".join(flat.paragraphs)}
    return unjudged(html, url)
