"""Pairs of real texts of known similarity.

Invariant: `exact` is plain Python over whole sets of shingles. It shares no code with what it
judges, only the definition of a word: runs of letters, digits and `_` after NFKC and case folding,
where `.` and `,` between digits are part of the figure.
"""

import itertools
import random
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

PAIRS = 60
WORDS = (60, 200, 600, 2000)
_WORD = re.compile(r"\w+(?:(?<=\d)[.,](?=\d)\w+)*")


def exact(one: str, other: str, *, contained: bool) -> float:
    """Similarity of two texts by their sets of 3-word shingles, 0 to 1.

    Args:
        one: a text of three words or more.
        other: likewise.
        contained: whether to return the containment of the smaller set instead of the Jaccard
            similarity.
    """
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / (min(len(a), len(b)) if contained else len(a | b))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return set(zip(words, words[1:], words[2:], strict=False))


def pairs(
    r: random.Random, texts: Sequence[str], split: Callable[[str], list[str]]
) -> Iterator[tuple[int, str, str, str]]:
    """Make pairs of texts.

    Args:
        r: draws the changes.
        texts: the pairs are made of their sentences.
        split: splits a text into its sentences.

    Yields:
        The length in words, the kind of change, a text, and the changed text.
    """
    sentences = [sentence for text in texts for sentence in split(text.replace("\n", " "))]
    r.shuffle(sentences)
    following = itertools.cycle(sentences)
    for words, change in itertools.product(WORDS, ("words", "sentences", "cut")):
        for number in range(PAIRS if change != "cut" else PAIRS // 3):
            text: list[str] = []
            while sum(len(sentence.split()) for sentence in text) < words:
                text.append(next(following))
            alike = (number + 1) / PAIRS
            yield words, change, " ".join(text), _changed(r, text, change, alike, sentences)


def _changed(
    r: random.Random, text: list[str], change: str, alike: float, sentences: Sequence[str]
) -> str:
    """A changed text.

    Args:
        r: draws the changes.
        text: the sentences to change.
        change: `words`, `sentences`, or `cut`, which leaves a quarter of the text, little changed.
        alike: the Jaccard similarity that is wanted, 0 to 1; it is reached roughly.
        sentences: replacements are taken from these.
    """
    kept = 2 * alike / (1 + alike)
    if change == "sentences":
        # A replacement has about the same length, so that neither text becomes so much smaller
        # that it counts as a part of the other.
        return " ".join(
            old
            if r.random() < kept
            else min(r.choices(sentences, k=40), key=lambda new: abs(len(new) - len(old)))
            for old in text
        )
    words = " ".join(text).split()
    if change == "cut":
        kept = 0.7 + 0.9 * alike
        words = words[: len(words) // 4]
    # A word is part of three shingles, so a shingle survives if three words do.
    share = min(1.0, kept) ** (1 / 3)
    return " ".join(
        old if r.random() < share else r.choice(r.choice(sentences).split()) for old in words
    )
