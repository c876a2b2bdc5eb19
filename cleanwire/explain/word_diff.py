"""Two texts -> which words were kept, deleted and inserted.

Runs of words that are unique in both texts are anchors (patience diff, Cohen 2003); between anchors
the longest common subsequence is computed exactly. Libraries for this take memory or time that
grows with the product of the lengths, so none of them takes two texts of a megabyte.

Invariants:
    - The equal and deleted runs spell the first text, and the equal and inserted runs spell the
      second one, up to white space, unless a run says that characters were left out.
    - Time and memory are bounded by the constants here and not by a clock. Where the bound is met,
      the passage counts as replaced, and `is_rough` says so.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.text import UNSPACED
from cleanwire.native import compiled

MOST_WORDS = 400_000
"""How many words of each text are compared; the rest counts as replaced."""

MOST_CELLS = 1 << 20
"""The largest product of two lengths for which the longest common subsequence is computed."""

MOST_CELLS_OF_ALL = 1 << 26
"""How many cells are computed for two texts together."""

MOST_DEPTH = 8
"""How often a passage is cut at anchors, and the rest of it again."""

MOST_RUNS = 4000
MOST_RUN_CHARACTERS = 4000
MOST_CHARACTERS = 400_000
KEPT = 300
"""How many characters of each end are shown of a run that is too long."""

_ANCHOR_WIDTHS = (4, 1)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

Ints = NDArray[np.int64]
RunKind = Literal["equal", "deleted", "inserted"]

_SINGLE = "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED)
_MARKS = (
    "!-/:-@\\[-`{-~\u00a1\u00ab\u00bb\u00bf\u2010-\u2027\u2030-\u205e\u3000-\u303f"
    "\uff01-\uff0f\uff1a-\uff20"
)
_WORD = re.compile(rf"(?:[{_SINGLE}]|[{_MARKS}]|[^\s{_SINGLE}{_MARKS}]++)\s*+|\s++")
"""A word with the white space after it. A punctuation mark is a word, and so is each character of a
script without blanks between words."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Words that were kept, deleted or inserted together.

    Attributes:
        kind: what became of them.
        text: the words with the white space between them; of a run that is too long, both ends.
        words: how many words.
        left_out: how many characters between the ends are not shown.
    """

    kind: RunKind
    text: str
    words: int
    left_out: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WordDiff:
    """The words of two texts, laid side by side.

    Attributes:
        runs: the runs in order; a deleted run stands before the inserted one that replaces it.
        equal: how many words were kept.
        deleted: how many words only the first text has.
        inserted: how many words only the second text has.
        runs_left_out: how many more runs there are.
        is_rough: whether some passage counts as replaced because it was too much to compare.
    """

    runs: tuple[Run, ...]
    equal: int
    deleted: int
    inserted: int
    runs_left_out: int
    is_rough: bool


def diff_words(before: str, after: str) -> WordDiff:
    """The difference between two texts, by words.

    Args:
        before: the first text.
        after: the second text.
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    numbers: dict[str, int] = {}
    first, second = _numbered(old, numbers), _numbered(new, numbers)
    partner, is_rough = _partners(first[:MOST_WORDS], second[:MOST_WORDS])
    is_rough = is_rough or max(len(old), len(new)) > MOST_WORDS
    pairs = _pairs(partner, len(old), len(new))
    runs: list[Run] = []
    characters = 0
    for kind, words in _runs(old, new, pairs):
        if len(runs) >= MOST_RUNS or characters >= MOST_CHARACTERS:
            break
        run = _run(kind, words)
        characters += len(run.text)
        runs.append(run)
    equal = int(pairs[:, 2].sum())
    return WordDiff(
        runs=tuple(runs),
        equal=equal,
        deleted=len(old) - equal,
        inserted=len(new) - equal,
        runs_left_out=_count(pairs) - len(runs),
        is_rough=is_rough,
    )


def _numbered(words: Sequence[str], numbers: dict[str, int]) -> Ints:
    """A number for each word; equal words have equal numbers, whatever white space follows."""
    return np.fromiter(
        (numbers.setdefault(word.rstrip(), len(numbers)) for word in words), np.int64, len(words)
    )


def _run(kind: RunKind, words: Sequence[str]) -> Run:
    text = "".join(words)
    if len(text) <= MOST_RUN_CHARACTERS:
        return Run(kind=kind, text=text, words=len(words))
    ends = f"{text[:KEPT]} … {text[-KEPT:]}"
    return Run(kind=kind, text=ends, words=len(words), left_out=len(text) - 2 * KEPT)


def _pairs(partner: Ints, length: int, other_length: int) -> Ints:
    """The equal runs: where each begins in both texts, and its words; int64, shape (runs + 1, 3).

    The last row is the end of both texts, and has no words.

    Args:
        partner: for each compared word of the first text its place in the second, or -1.
        length: words of the first text.
        other_length: words of the second text.
    """
    places = np.flatnonzero(partner >= 0)
    others = partner[places]
    # An equal run ends where either text goes on elsewhere.
    begins = np.ones(len(places), np.bool_)
    begins[1:] = (np.diff(places) != 1) | (np.diff(others) != 1)
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(places)))
    rows = np.stack((places[starts], others[starts], lengths), axis=1)
    found: Ints = np.concatenate((rows, [[length, other_length, 0]]))
    return found


def _count(pairs: Ints) -> int:
    """How many runs there are of all kinds."""
    before = np.zeros((1, 2), np.int64)
    ends = np.concatenate((before, pairs[:-1, :2] + pairs[:-1, 2:]))
    return len(pairs) - 1 + int((pairs[:, :2] > ends).sum())


def _runs(
    old: Sequence[str], new: Sequence[str], pairs: Ints
) -> Iterator[tuple[RunKind, Sequence[str]]]:
    """The runs, none of them empty.

    Args:
        old: the words of the first text.
        new: the words of the second text.
        pairs: the equal runs, as `_pairs` gives them.
    """
    at = other = 0
    for first, second, length in pairs.tolist():
        if first > at:
            yield "deleted", old[at:first]
        if second > other:
            yield "inserted", new[other:second]
        if length:
            yield "equal", new[second : second + length]
        at, other = first + length, second + length


def _partners(first: Ints, second: Ints) -> tuple[Ints, bool]:
    """For each word of the first text the place of its partner in the second, or -1.

    Returns:
        The places, int64, ascending where they are not -1; and whether a passage was too much.
    """
    partner = np.full(len(first), -1, np.int64)
    is_rough = False
    cells = MOST_CELLS_OF_ALL
    waiting = [(0, len(first), 0, len(second), 0)]
    while waiting:
        passage = np.array(waiting.pop(), np.int64)
        _trim(first, second, partner, passage)
        start, end, other, other_end, depth = passage.tolist()
        product = (end - start) * (other_end - other)
        if not product:
            continue
        if product <= MOST_CELLS and product <= cells:
            cells -= product
            _pair(first, second, partner, passage)
            continue
        anchors = (
            _anchors(first[start:end], second[other:other_end]) if depth < MOST_DEPTH else None
        )
        if anchors is None:
            is_rough = True
            continue
        places, others = anchors
        partner[start + places] = other + others
        for one, two in _gaps(places, others, end - start, other_end - other):
            waiting.append(
                (start + one[0], start + one[1], other + two[0], other + two[1], depth + 1)
            )
    return partner, is_rough


def _gaps(
    places: Ints, others: Ints, length: int, other_length: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The passages between words that have partners, in both texts, where neither is empty."""
    starts = np.concatenate(([0], places + 1))
    ends = np.concatenate((places, [length]))
    other_starts = np.concatenate(([0], others + 1))
    other_ends = np.concatenate((others, [other_length]))
    for at in np.flatnonzero((ends > starts) & (other_ends > other_starts)).tolist():
        yield (int(starts[at]), int(ends[at])), (int(other_starts[at]), int(other_ends[at]))


def _anchors(first: Ints, second: Ints) -> tuple[Ints, Ints] | None:
    """The places of words that surely belong together, ascending in both texts; None if none do."""
    for width in _ANCHOR_WIDTHS:
        if min(len(first), len(second)) < width:
            continue
        one, two = _hashes(first, width), _hashes(second, width)
        values, places = _unique(one)
        other_values, others = _unique(two)
        _, mine, yours = np.intersect1d(
            values, other_values, assume_unique=True, return_indices=True
        )
        if not len(mine):
            continue
        places, others = places[mine], others[yours]
        order = np.argsort(places)
        places, others = places[order], others[order]
        kept = _increasing(others)
        return _spread(first, second, places[kept], others[kept], width)
    return None


def _hashes(words: Ints, width: int) -> NDArray[np.uint64]:
    """A hash of each run of `width` words."""
    count = len(words) - width + 1
    values = np.zeros(count, np.uint64)
    for offset in range(width):
        values = (values ^ words[offset : offset + count].astype(np.uint64)) * _FACTOR
        values ^= values >> np.uint64(29)
    return values


def _unique(values: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Ints]:
    """The values that occur once, ascending, and where."""
    found, places, counts = np.unique(values, return_index=True, return_counts=True)
    once = counts == 1
    return found[once], places[once].astype(np.int64)


@compiled("int64[::1](int64[::1])")
def _increasing(values: Ints) -> Ints:
    """The places of a longest increasing subsequence (patience sorting)."""
    tails = np.empty(len(values), np.int64)
    before = np.empty(len(values), np.int64)
    size = 0
    for at in range(len(values)):
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            if values[tails[middle]] < values[at]:
                low = middle + 1
            else:
                high = middle
        before[at] = tails[low - 1] if low else -1
        tails[low] = at
        size = max(size, low + 1)
    kept = np.empty(size, np.int64)
    at = tails[size - 1] if size else -1
    for position in range(size - 1, -1, -1):
        kept[position] = at
        at = before[at]
    return kept


@compiled("Tuple((int64[::1], int64[::1]))(int64[::1], int64[::1], int64[::1], int64[::1], int64)")
def _spread(first: Ints, second: Ints, places: Ints, others: Ints, width: int) -> tuple[Ints, Ints]:
    """The single words of anchors of `width` words, each once and ascending in both texts."""
    mine = np.empty(len(places) * width, np.int64)
    yours = np.empty(len(places) * width, np.int64)
    count = 0
    last, other_last = -1, -1
    for at in range(len(places)):
        for offset in range(width):
            place, other = places[at] + offset, others[at] + offset
            # Equal hashes are not yet equal words.
            if place > last and other > other_last and first[place] == second[other]:
                mine[count], yours[count] = place, other
                last, other_last = place, other
                count += 1
    return mine[:count].copy(), yours[:count].copy()


@compiled("void(int64[::1], int64[::1], int64[::1], int64[::1])")
def _trim(first: Ints, second: Ints, partner: Ints, passage: Ints) -> None:
    """Pair the words that both sides of a passage begin and end with, and take them off it.

    Args:
        first: the words of the first text.
        second: the words of the second text.
        partner: for each word of the first text the place of its partner, or -1.
        passage: where it starts and ends in the first text, and in the second. Is changed.
    """
    start, end, other, other_end = passage[0], passage[1], passage[2], passage[3]
    while start < end and other < other_end and first[start] == second[other]:
        partner[start] = other
        start += 1
        other += 1
    while end > start and other_end > other and first[end - 1] == second[other_end - 1]:
        end -= 1
        other_end -= 1
        partner[end] = other_end
    passage[0], passage[1], passage[2], passage[3] = start, end, other, other_end


@compiled("void(int64[::1], int64[::1], int64[::1], int64[::1])")
def _pair(first: Ints, second: Ints, partner: Ints, passage: Ints) -> None:
    """Pair the words of a longest common subsequence of a passage; arguments as for `_trim`."""
    start, end, other, other_end = passage[0], passage[1], passage[2], passage[3]
    rows, columns = end - start, other_end - other
    # The length for each pair of suffixes, so that the walk goes forward.
    longest = np.zeros((rows + 1, columns + 1), np.int32)
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            if first[start + row] == second[other + column]:
                longest[row, column] = longest[row + 1, column + 1] + 1
            else:
                longest[row, column] = max(longest[row + 1, column], longest[row, column + 1])
    row = column = 0
    while row < rows and column < columns:
        if first[start + row] == second[other + column]:
            partner[start + row] = other + column
            row += 1
            column += 1
        elif longest[row + 1, column] >= longest[row, column + 1]:
            row += 1
        else:
            column += 1
