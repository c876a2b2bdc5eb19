"""Which blocks are about what the page's title and description are about.

Invariant: a word counts at most once for a block. Words are compared as strings, so no language is
known to this module, and text without blanks between words is compared by pairs of characters.
"""

import re

import numpy as np
from numpy.typing import NDArray

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W\d_{_UNSPACED}]+")
_FIRST_UNSPACED = "\u0e00"
_SHORTEST = 4
"""Shorter words stand in texts on any topic."""
_LONGEST = 1000
"""How many characters of the title and the description are read."""
_MOST = 12
"""How many words are looked for: the longest ones."""
_MOST_FOUND = 200
"""How often one word is looked for in a page."""


def topic_words(*texts: str | None) -> list[str]:
    """The words that are looked for: the longest ones of the texts, in lower case."""
    found: set[str] = set()
    for text in texts:
        for word in _WORD.findall((text or "")[:_LONGEST].lower()):
            if word[0] >= _FIRST_UNSPACED and re.match(f"[{_UNSPACED}]", word):
                found.update(word[at : at + 2] for at in range(len(word) - 1))
            elif len(word) >= _SHORTEST:
                found.add(word)
    return sorted(found, key=lambda word: (-len(word), word))[:_MOST]


def topic_counts(texts: list[str], words: list[str]) -> NDArray[np.float64]:
    """For each text how many of the words stand in it, float64, shape (texts,)."""
    count = np.zeros(len(texts))
    if not words:
        return count
    joined = "\n".join(texts).lower()
    # A letter may have another length in lower case.
    lengths = [len(text) + 1 for text in texts]
    if len(joined) + 1 != sum(lengths):
        lengths = [len(text.lower()) + 1 for text in texts]
    starts = np.cumsum([0, *lengths[:-1]])
    for word in words:
        places: list[int] = []
        at = joined.find(word)
        while at >= 0 and len(places) < _MOST_FOUND:
            places.append(at)
            at = joined.find(word, at + len(word))
        if places:
            count[np.unique(np.searchsorted(starts, places, side="right") - 1)] += 1
    return count
