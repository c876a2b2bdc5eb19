"""Lines -> numbers: what the model sees of a plain-text page.

Invariant: the features of all lines are a function of the page and of a table of words alone. A
flattened page has no elements, so the model goes by its words, its lengths and the lines around. A
second pass sees what the first pass thought of the neighbours.
"""

import re
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.model.character_counts import Characters
from cleanwire.extract.model.feature_names import WORDS
from cleanwire.extract.model.sums import Floats

ContentShare = Callable[[str], float | None]
"""Word -> the mean content share of the lines it is in, over the sites that use it."""

UNKNOWN = 0.4
"""The content share of a line without known words."""
MAX_CHARACTERS = 600
"""How many characters of a line are read word by word."""

SHORT_WORDS = 6
"""A line of fewer words is short."""

_FAR = 200.0
"""Distances to prose are cut to this many lines."""

_WORD = re.compile(r"[^\W\d_]+")
_SHIFTS = (1, 2, 3)
_SPANS = (3, 8, 20)
_RUN_PRICE = 0.35
"""A line adds to a run of content only above this probability."""

LINE_FEATURES = (
    # The line's own text; `per` is the ratio of two counts, and marks and words are counted in it.
    *("words", "characters_per_word", "upper_per_letter", "upper_per_word", "digits_per_character"),
    *("letters_per_character", "commas_per_word", "commas", "ends_per_word", "ends"),
    # `first_character` is 1 for upper case, 2 for a digit, 3 for lower case and 0 for any other.
    *("closers_per_word", "ended", "first_character"),
    # Where the line is on the page.
    *("line", "lines_to_end", "line_share", "words_before", "words_before_share"),
    *("prose_before_share", "prose_after_share", "prose_before", "prose_after", "copies"),
    # The page, and the line's words over those of its longest line and of its median prose line.
    *("page_lines", "page_words", "page_prose_share", "words_to_longest", "words_to_median_prose"),
    # The lines around it, one by one.
    *(
        f"{value}_{shift}_{side}"
        for shift in _SHIFTS
        for value in ("words", "ended")
        for side in ("before", "after")
    ),
    # The lines around it together: those up to `span` before and after it, then those before it
    # and those after it alone.
    *(
        name
        for span in _SPANS
        for name in (
            *(f"prose_share_{span}", f"words_{span}", f"ended_{span}"),
            *(f"prose_{span}_before", f"prose_{span}_after"),
            *(f"short_{span}_before", f"short_{span}_after"),
        )
    ),
    *("lines_since_prose", "lines_to_prose"),
    # The content shares of its known words.
    *("share_mean", "share_least", "share_lower_quartile", "share_first", "share_first_four"),
    "words_known_share",
)
"""The names of the features of a line, in the order of the rows that `features` returns."""

SECOND_LINE_FEATURES = (
    *LINE_FEATURES,
    "probability",
    *(f"probability_{shift}_{side}" for shift in _SHIFTS for side in ("before", "after")),
    # `content_share` is the expected share of words that are content.
    *(
        name
        for span in _SPANS
        for name in (
            f"content_share_{span}",
            *(f"mean_probability_{span}_before", f"mean_probability_{span}_after"),
        )
    ),
    *("content_before_share", "page_content_words", "page_content_share"),
    # The run of lines with the most expected content.
    *("in_best_run", "best_run_distance"),
)
"""The names of the features in the second pass, in the order that `second_features` returns."""


def line_words(text: str) -> list[str]:
    """The words of a line, in lower case, without digits."""
    return _WORD.findall(text[:MAX_CHARACTERS].lower())


def features(page: BlockList, content_share: ContentShare) -> NDArray[np.float32]:
    """The features of the lines of a plain-text page.

    Args:
        page: a page with at least one line.
        content_share: the table of words.

    Returns:
        A row for each name of `LINE_FEATURES`, in that order, and a column for each line; float32.
    """
    texts = page.texts
    count = len(texts)
    line = np.arange(count)
    kinds = Characters(texts)
    words, length, ended = kinds.words, np.maximum(kinds.length, 1), kinds.ended
    digit, closer = kinds.digit, kinds.closer
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
        line,
        count - line,
        (line + 0.5) / count,
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
    for by in _SHIFTS:
        columns += [_shifted(words, by), _shifted(words, -by)]
        columns += [_shifted(ended, by), _shifted(ended, -by)]
    for span in _SPANS:
        near = _window(words, span)
        columns += [_window(prose, span) / near, near, _window(ended, span)]
        columns += [_back(prose, span), _ahead(prose, span)]
        columns += [_back(short, span), _ahead(short, span)]
    last = np.maximum.accumulate(np.where(good, line, -_FAR))
    coming = np.minimum.accumulate(np.where(good, line, count + _FAR)[::-1])[::-1]
    columns.append(np.minimum(line - _shifted(last, 1, -_FAR), _FAR))
    columns.append(np.minimum(_shifted(coming, -1, count + _FAR) - line, _FAR))
    columns.extend(np.array([_share_statistics(text, content_share) for text in texts]).T)
    return np.array(columns, np.float32)


def second_features(rows: NDArray[np.float32], first: Floats) -> NDArray[np.float32]:
    """The features of the second pass.

    Args:
        rows: what `features` returned.
        first: for each line the probability of content by the first pass.

    Returns:
        A row for each name of `SECOND_LINE_FEATURES`, in that order, and a column for each line;
        float32.
    """
    words = rows[WORDS].astype(np.float64)
    count = len(first)
    line = np.arange(count)
    mass = first * words
    expected = max(float(mass.sum()), 1.0)
    start, end = _best_run((first - _RUN_PRICE) * words)
    columns: list[NDArray[np.generic]] = [first]
    for by in _SHIFTS:
        columns += [_shifted(first, by), _shifted(first, -by)]
    for span in _SPANS:
        columns += [_window(mass, span) / _window(words, span)]
        columns += [_back(first, span) / span, _ahead(first, span) / span]
    columns += [
        np.cumsum(mass) / expected,
        np.full(count, expected),
        np.full(count, expected / words.sum()),
        (line >= start) & (line < end),
        np.maximum(start - line, line - end + 1),
    ]
    return np.concatenate((rows, np.array(columns, np.float32)))


def _window(values: Floats, span: int) -> Floats:
    """For each line the sum of `values` over the lines from `span` before to `span` after it."""
    count = len(values)
    sums = np.concatenate(((0.0,), np.cumsum(values)))
    at = np.arange(count)
    upper: Floats = sums[np.minimum(at + span + 1, count)]
    return upper - sums[np.maximum(at - span, 0)]


def _share_statistics(
    text: str, content_share: ContentShare
) -> tuple[float, float, float, float, float, float]:
    """The content shares of a line's words, in the order of `LINE_FEATURES`."""
    words = line_words(text)
    known = [value for value in map(content_share, words) if value is not None]
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
    """The values `by` lines before (after, if it is negative); `fill` beyond the page."""
    out = np.full(len(values), fill)
    if by > 0:
        out[by:] = values[:-by]
    else:
        out[:by] = values[-by:]
    return out


def _back(values: Floats, span: int) -> Floats:
    """For each line the sum of the values of the `span` lines before it."""
    sums = np.concatenate(((0.0,), np.cumsum(values)))
    line = np.arange(len(values))
    found: Floats = sums[line] - sums[np.maximum(line - span, 0)]
    return found


def _ahead(values: Floats, span: int) -> Floats:
    """For each line the sum of the values of the `span` lines after it."""
    sums = np.concatenate(((0.0,), np.cumsum(values)))
    line = np.arange(len(values))
    found: Floats = sums[np.minimum(line + span + 1, len(values))] - sums[line + 1]
    return found


def _best_run(weights: Floats) -> tuple[int, int]:
    """The start and end of the run with the greatest sum (Kadane)."""
    sums = np.concatenate(((0.0,), np.cumsum(weights)))
    lowest = np.minimum.accumulate(sums)
    end = int((sums - lowest).argmax())
    start = int(sums[: end + 1].argmin())
    return start, end
