"""Lines -> numbers: what the model sees of a plain-text page.

Invariant: as in `features`, a row of numbers a line, of the page alone and of a table of
words. A flattened page has no elements, so its words, its lengths and the lines around have to
tell; a second pass sees what the first one thought of the neighbours.
"""

import re
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.model.block_features import Floats, window
from cleanwire.extract.model.character_counts import Characters

Worth = Callable[[str], float | None]
"""Word -> the mean share of content of the lines it stands in, over the sites that use it."""

UNKNOWN = 0.4
MAX_CHARACTERS = 600
"""So much of a line is looked at word by word."""

SHORT_WORDS = 6
_FAR = 200.0
_WORD = re.compile(r"[^\W\d_]+")
_SPANS = (3, 8, 20)
_RUN_PRICE = 0.35


def line_words(text: str) -> list[str]:
    """The words of a line, folded."""
    return _WORD.findall(text[:MAX_CHARACTERS].lower())


def features(page: BlockList, worth: Worth) -> NDArray[np.float32]:
    """The features of a plain-text page with at least one line; shape (features, lines)."""
    texts = page.texts
    count = len(texts)
    at = np.arange(count)
    kinds = Characters(texts)
    words, length, ended = kinds.words, np.maximum(kinds.length, 1), kinds.ended
    digit, closer = kinds.digits_and_closers()
    good = kinds.good()
    prose = words * good
    total, mass = float(words.sum()), max(float(prose.sum()), 1.0)
    before, read = np.cumsum(words) - words, np.cumsum(prose) - prose
    first = np.array([text[0] for text in texts])
    short = (words < SHORT_WORDS).astype(np.float64)
    seen = Counter(texts)
    typical = float(np.median(words[good])) if good.any() else 1.0
    columns: list[NDArray[np.generic]] = [
        words,
        kinds.length / words,
        kinds.upper / np.maximum(kinds.letter, 1),
        kinds.upper / words,
        digit / length,
        kinds.letter / length,
        kinds.comma / words,
        kinds.comma,
        kinds.end / words,
        kinds.end,
        closer / words,
        ended,
        np.char.isupper(first) + 2 * np.char.isdigit(first) + 3 * np.char.islower(first),
        at,
        count - at,
        (at + 0.5) / count,
        before,
        before / total,
        read / mass,
        1 - (read + prose) / mass,
        read,
        mass - read - prose,
        np.array([seen[text] for text in texts]),
        np.full(count, count),
        np.full(count, total),
        np.full(count, mass / total),
        words / words.max(),
        words / max(typical, 1.0),
    ]
    for by in (1, 2, 3):
        columns += [_shifted(words, by), _shifted(words, -by)]
        columns += [_shifted(ended, by), _shifted(ended, -by)]
    for span in _SPANS:
        near = window(words, span)
        columns += [window(prose, span) / near, near, window(ended, span)]
        columns += [_back(prose, span), _ahead(prose, span)]
        columns += [_back(short, span), _ahead(short, span)]
    last = np.maximum.accumulate(np.where(good, at, -_FAR))
    coming = np.minimum.accumulate(np.where(good, at, count + _FAR)[::-1])[::-1]
    columns.append(np.minimum(at - _shifted(last, 1, -_FAR), _FAR))
    columns.append(np.minimum(_shifted(coming, -1, count + _FAR) - at, _FAR))
    columns.extend(np.array([_worths(text, worth) for text in texts]).T)
    return np.array(columns, np.float32)


def second_features(rows: NDArray[np.float32], first: Floats) -> NDArray[np.float32]:
    """The features of the second pass: those of the first, and what it thought around.

    Args:
        rows: what `features` gave.
        first: of each line how likely the first pass took it for content.
    """
    words = rows[0].astype(np.float64)
    count = len(first)
    at = np.arange(count)
    mass = first * words
    expected = max(float(mass.sum()), 1.0)
    start, end = _best_run((first - _RUN_PRICE) * words)
    columns: list[NDArray[np.generic]] = [first]
    for by in (1, 2, 3):
        columns += [_shifted(first, by), _shifted(first, -by)]
    for span in _SPANS:
        columns += [window(mass, span) / window(words, span)]
        columns += [_back(first, span) / span, _ahead(first, span) / span]
    columns += [
        np.cumsum(mass) / expected,
        np.full(count, expected),
        np.full(count, expected / words.sum()),
        (at >= start) & (at < end),
        np.maximum(start - at, at - end + 1),
    ]
    return np.concatenate((rows, np.array(columns, np.float32)))


def _worths(text: str, worth: Worth) -> tuple[float, float, float, float, float, float]:
    """Of the known words mean, least, lower quartile, first, mean of four; share known."""
    words = line_words(text)
    known = [value for value in map(worth, words) if value is not None]
    if not known:
        return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 0.0
    ordered = sorted(known)
    head = known[:4]
    return (
        sum(known) / len(known),
        ordered[0],
        ordered[len(ordered) // 4],
        known[0],
        sum(head) / len(head),
        len(known) / len(words),
    )


def _shifted(values: Floats, by: int, fill: float = 0.0) -> Floats:
    """The values `by` places before; of what is beyond the page, `fill`."""
    out = np.full(len(values), fill)
    if by > 0:
        out[by:] = values[:-by]
    else:
        out[:by] = values[-by:]
    return out


def _back(values: Floats, span: int) -> Floats:
    sums = np.concatenate(((0.0,), np.cumsum(values)))
    at = np.arange(len(values))
    found: Floats = sums[at] - sums[np.maximum(at - span, 0)]
    return found


def _ahead(values: Floats, span: int) -> Floats:
    sums = np.concatenate(((0.0,), np.cumsum(values)))
    at = np.arange(len(values))
    found: Floats = sums[np.minimum(at + span + 1, len(values))] - sums[at + 1]
    return found


def _best_run(weights: Floats) -> tuple[int, int]:
    """The run with the greatest sum (Kadane)."""
    sums = np.concatenate(((0.0,), np.cumsum(weights)))
    lowest = np.minimum.accumulate(sums)
    end = int((sums - lowest).argmax())
    start = int(sums[: end + 1].argmin())
    return start, end
