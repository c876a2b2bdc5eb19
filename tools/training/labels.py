"""Gold text -> which blocks are content.

Invariant: a block is content if more than half of its words are on the way through the gold
text (longest common subsequence), where only words count that are in a shared trigram or in a
block that is a whole line of the gold text.
"""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.model.block_features import Hints

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
HALF = 0.5
LONGEST = 150
"""A block of more words weighs no more."""


@dataclasses.dataclass(slots=True, eq=False)
class Example:
    """A page to learn from.

    Attributes:
        cover: of each block the share of its words that are content; empty where unknown.
        words: of each block how many words it has.
        gold_words: how many the gold text has.
        trust: of each block how much its label is to be believed.
    """

    dataset: str
    site: str
    page: BlockList
    hints: Hints
    truth: Any
    cover: NDArray[np.float64]
    words: NDArray[np.float64]
    gold_words: int
    trust: NDArray[np.float64]

    @property
    def weights(self) -> NDArray[np.float64]:
        """What each block weighs: pages count alike, long blocks more."""
        found: NDArray[np.float64] = (
            self.trust * (np.minimum(self.words, LONGEST) + 3) / (self.gold_words + LONGEST)
        )
        return found

    @property
    def content(self) -> NDArray[np.bool_]:
        """Which blocks are content."""
        found: NDArray[np.bool_] = self.cover > HALF
        return found


def tokens(text: str) -> list[str]:
    """Folded words; in scripts without blanks characters."""
    return _WORD.findall(text.lower())


def label(texts: Sequence[str], gold: str) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Of each text the share that is content and its words, and the words of the gold text."""
    wanted = tokens(gold)
    trigrams = set(zip(wanted, wanted[1:], wanted[2:], strict=False))
    lines = {tuple(tokens(line)) for line in gold.split("\n") if line.strip()}
    words: list[str] = []
    owner: list[int] = []
    whole: list[bool] = []
    for place, text in enumerate(texts):
        found = tokens(text)
        words += found
        owner += [place] * len(found)
        whole.append(tuple(found) in lines)
    shared = [False] * len(words)
    for at in range(len(words) - 2):
        if (words[at], words[at + 1], words[at + 2]) in trigrams:
            shared[at] = shared[at + 1] = shared[at + 2] = True
    count = np.bincount(owner, minlength=len(texts)).astype(np.float64)
    matched = np.zeros(len(texts))
    if words and wanted:
        numbers: dict[str, int] = {}
        mine = [numbers.setdefault(word, len(numbers)) for word in words]
        theirs = [numbers.setdefault(word, len(numbers)) for word in wanted]
        for operation in LCSseq.opcodes(mine, theirs):
            if operation.tag == "equal":
                for at in range(operation.src_start, operation.src_end):
                    if shared[at] or whole[owner[at]]:
                        matched[owner[at]] += 1
    return matched / np.maximum(count, 1), count, len(wanted)
