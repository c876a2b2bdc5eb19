"""Pairs of real texts of known similarity.

Invariant: `exact` is plain Python over whole sets of shingles, and shares nothing with what it
is there to judge but what a word is: runs of letters, digits and `_` after NFKC and case folding,
with `.` and `,` between digits part of the figure.
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
    """Jaccard similarity of the sets of 3-word shingles, or containment of the smaller set."""
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / (min(len(a), len(b)) if contained else len(a | b))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return set(zip(words, words[1:], words[2:], strict=False))


def pairs(
    r: random.Random, texts: Sequence[str], split: Callable[[str], list[str]]
) -> Iterator[tuple[int, str, str, str]]:
    """Length in words, kind of change, a text and what became of it.

    Args:
        r: where the changes come from.
        texts: what the pairs are made of.
        split: a text into its sentences.
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
    """A text of about that Jaccard similarity; of `cut` a quarter of the text, little changed."""
    kept = 2 * alike / (1 + alike)
    if change == "sentences":
        # Of like length, so that neither text is a part of the other by its size.
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
    # Each word stands in three shingles.
    share = min(1.0, kept) ** (1 / 3)
    return " ".join(
        old if r.random() < share else r.choice(r.choice(sentences).split()) for old in words
    )
