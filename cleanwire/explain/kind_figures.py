"""The figures of the decision whether a page is an article.

Invariant: the figures come from the functions that decide (`extract.model.page_kind`). A lever is
found by asking the same forest with one figure changed, so it is a fact about the model and no
estimate.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from cleanwire.explain.explanation import Kind, Lever, shown
from cleanwire.extract.model import forest
from cleanwire.extract.model.page_kind import (
    FEWEST_LINKS,
    FEWEST_WORDS,
    LINKED_TO_BODY,
    PAGE_FEATURES,
    SHORT,
    STREAM_SHARE,
    SURE,
    Judgement,
    judged,
    linked_words,
    page_tokens,
)
from cleanwire.extract.steps import Steps

MOST_TOKENS = 12
MOST_LEVERS = 8
TOKEN_WEIGHT = "token_weight"  # noqa: S105 - a weight of words
"""The name of the last feature of the second forest."""


def kind_of_page(steps: Steps) -> Kind:
    """The figures of a page whose steps were taken."""
    evidence = steps.evidence
    figures = Kind(
        words=evidence.words,
        fewest_words=FEWEST_WORDS,
        short=SHORT,
        linked_words=linked_words(evidence.page),
        most_linked_words=LINKED_TO_BODY * evidence.words,
        dated=evidence.dated,
        stream_share=round(evidence.stream_share, 4),
        least_stream_share=STREAM_SHARE,
        fewest_links=FEWEST_LINKS,
        sure=SURE,
        threshold=forest.PAGE_THRESHOLD,
    )
    if evidence.metadata is None or not evidence.words:
        return figures
    judgement = judged(evidence, evidence.metadata)
    return _with_model(figures, judgement, steps)


def _with_model(figures: Kind, judgement: Judgement, steps: Steps) -> Kind:
    shape = judgement.features
    tokens: list[tuple[str, float]] = []
    levers: tuple[Lever, ...] = ()
    if judgement.token_weight is not None and shape is not None:
        found = page_tokens(steps.page, steps.evidence.url)
        weighed = [(token, forest.TOKEN_WEIGHTS.get(token, 0.0)) for token in found]
        tokens = sorted(weighed, key=lambda pair: (-abs(pair[1]), pair[0]))[:MOST_TOKENS]
        last = np.array([[forest.TOKEN_BIAS + judgement.token_weight]], np.float32)
        levers = _levers(np.concatenate((shape, last)), is_article=judgement.is_article)
    values = [] if shape is None else shape[:, 0].tolist()
    return dataclasses.replace(
        figures,
        links=judgement.links,
        first=judgement.first,
        second=judgement.second,
        token_weight=judgement.token_weight,
        tokens=tuple((shown(token, 60), round(weight, 4)) for token, weight in tokens if weight),
        features=dict(zip(PAGE_FEATURES, (round(value, 4) for value in values), strict=False)),
        levers=levers,
    )


def _levers(column: NDArray[np.float32], *, is_article: bool) -> tuple[Lever, ...]:
    """The single figures that would turn the answer of the second forest.

    Args:
        column: what the second forest saw, float32, shape (features, 1).
        is_article: its answer.
    """
    names = (*PAGE_FEATURES, TOKEN_WEIGHT)
    found: list[Lever] = []
    for row, name in enumerate(names):
        borders = forest.PAGES_AGAIN.borders(row)
        if not len(borders):
            continue
        # A tree asks whether a value is greater than a border, so one value for each interval
        # between borders covers all values.
        values = np.concatenate((borders, [np.nextafter(borders[-1], np.float32(np.inf))]))
        columns = np.repeat(column, len(values), axis=1)
        columns[row] = values
        answers = forest.PAGES_AGAIN(columns)
        best = int(np.argmin(answers) if is_article else np.argmax(answers))
        probability = float(answers[best])
        if (probability >= forest.PAGE_THRESHOLD) != is_article:
            found.append(
                Lever(
                    feature=name,
                    value=round(float(column[row, 0]), 4),
                    needed=round(float(values[best]), 4),
                    probability=round(probability, 4),
                )
            )
    found.sort(key=lambda lever: lever.probability, reverse=not is_article)
    return tuple(found[:MOST_LEVERS])
