"""Examples -> forests and tables.

Invariant: the same examples and seed give the same model, and what is cross-validated is
what is shipped (leaves rounded to half precision, tables to bytes).
"""

import contextlib
import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.model import forest as model
from cleanwire.extract.model.block_features import features
from cleanwire.extract.model.class_names import Names
from cleanwire.extract.model.feature_names import WORDS
from cleanwire.extract.model.forest import GAINS, SHARES, Forest
from cleanwire.extract.model.line_features import features as line_features
from cleanwire.extract.model.line_features import second_features
from cleanwire.extract.model.select_blocks import chosen, smoothed
from training import tables
from training.forests import Arrays, grow
from training.labels import Example, label

GUESSED = 0.5
"""What a page weighs whose labels an earlier model guessed."""

SURE = 2.0
"""What a block weighs of them that a snippet speaks of."""

CALIBRATION = (0.8, -0.3)
"""Slope and offset of the logits of blocks, by Platt's method on sets that were left out."""

Rows = NDArray[np.float32]


@dataclasses.dataclass(slots=True, eq=False)
class FittedBlocks:
    """The forest and the table for HTML pages, the pages they learned from, and what is written."""

    blocks: Forest
    names: Names
    learned: Sequence[Example]
    arrays: Arrays

    def parts(self) -> dict[str, object]:
        """What takes the place of the shipped model: names in `forest` and values."""
        return {"BLOCKS": self.blocks, "NAMES": self.names}


@dataclasses.dataclass(slots=True, eq=False)
class Fitted(FittedBlocks):
    """The same, and the forests and the table for plain-text pages."""

    lines: Forest
    again: Forest
    words: Callable[[str], float | None]

    def parts(self) -> dict[str, object]:
        """What takes the place of the shipped model: names in `forest` and values."""
        lines = {"LINES": self.lines, "LINES_AGAIN": self.again, "WORDS": self.words}
        return FittedBlocks.parts(self) | lines


def part(site: str, parts: int, salt: str) -> int:
    """Which part of so many a site is in, for ever."""
    return int(hashlib.sha256((salt + site).encode()).hexdigest(), 16) % parts


def fit_html(html: Sequence[Example], say: Callable[[str], None]) -> FittedBlocks:
    """Fit on HTML pages; those without labels get guessed ones on the way."""
    known = [example for example in html if example.cover.size]
    unknown = [example for example in html if not example.cover.size]
    say(f"blocks: {len(known)} pages with gold text, {len(unknown)} with snippets")
    guessed: list[Example] = []
    if unknown:
        first, first_names, _ = fit_blocks(known)
        guessed = [_guessed(example, first, first_names) for example in unknown]
    learned = [*known, *guessed]
    blocks, names, arrays = fit_blocks(learned)
    return FittedBlocks(blocks, names, learned, arrays)


def fit(html: Sequence[Example], flat: Sequence[Example], say: Callable[[str], None]) -> Fitted:
    """Fit on examples; those without labels get guessed ones on the way."""
    found = fit_html(html, say)
    texts = {
        example.truth.id: "\n".join(
            text for text, good in zip(example.page.texts, example.content, strict=True) if good
        )
        for example in found.learned
        if example.truth.text is None
    }
    lines = [
        example if example.cover.size else _labelled(example, texts.get(example.truth.id, ""))
        for example in flat
    ]
    say(f"lines: {len(lines)} pages")
    line, again, words, arrays = _fit_lines(lines)
    return Fitted(
        found.blocks, found.names, found.learned, found.arrays | arrays, line, again, words
    )


def fit_blocks(examples: Sequence[Example]) -> tuple[Forest, Names, Arrays]:
    """The forest of blocks, the table of names, and what is written of them."""
    by_site = tables.name_tables(examples)
    sums = tables.summed(by_site, by_site)
    kept = {
        site: Names(tables.lookup(sums, by_site[site], tables.FEWEST_SITES)) for site in by_site
    }
    rows = [
        features(example.page, example.hints, kept.get(example.site, Names(_nothing)))
        for example in examples
    ]
    forest, arrays = _forest("blocks", rows, examples, CALIBRATION)
    tokens, shares, gains = tables.exported(sums, tables.FEWEST_SITES)
    arrays["names"] = np.frombuffer("\n".join(tokens).encode(), np.uint8)
    arrays["name_shares"] = _bytes(shares)
    arrays["name_gains"] = np.clip(np.rint(np.array(gains) * GAINS), -GAINS, GAINS).astype(np.int8)
    table = dict(
        zip(
            tokens,
            zip(
                (arrays["name_shares"].astype(np.float64) / SHARES).tolist(),
                (arrays["name_gains"].astype(np.float64) / GAINS).tolist(),
                strict=True,
            ),
            strict=True,
        )
    )
    return forest, Names(table.get), arrays


def _fit_lines(
    examples: Sequence[Example],
) -> tuple[Forest, Forest, Callable[[str], float | None], Arrays]:
    by_site = tables.word_tables(examples)
    sums = tables.summed(by_site, by_site)
    rows = []
    for example in examples:
        worth = tables.lookup(sums, by_site.get(example.site, {}), tables.FEWEST_SITES_WORD)
        rows.append(line_features(example.page, lambda word, worth=worth: _share(worth(word))))
    first, arrays = _forest("lines", rows, examples)
    # The second pass learns from what the first one says of sites it does not know.
    inner = [part(example.site, 3, "second") for example in examples]
    seconds: list[Rows] = [np.empty(0, np.float32)] * len(examples)
    for held in range(3):
        forest, _ = _forest(
            "lines",
            [row for row, at in zip(rows, inner, strict=True) if at != held],
            [example for example, at in zip(examples, inner, strict=True) if at != held],
        )
        for place, at in enumerate(inner):
            if at == held:
                seconds[place] = second_features(rows[place], forest(rows[place]))
    again, more = _forest("again", seconds, examples)
    arrays |= more
    tokens, shares, _ = tables.exported(sums, tables.FEWEST_SITES_WORD)
    arrays["words"] = np.frombuffer("\n".join(tokens).encode(), np.uint8)
    arrays["word_shares"] = _bytes(shares)
    kept = (arrays["word_shares"].astype(np.float64) / SHARES).tolist()
    table = dict(zip(tokens, kept, strict=True))
    return first, again, table.get, arrays


def _bytes(shares: Sequence[float]) -> NDArray[np.uint8]:
    return np.rint(np.array(shares) * SHARES).astype(np.uint8)


def _share(known: tuple[float, float] | None) -> float | None:
    return None if known is None else known[0]


def _nothing(token: str) -> None:
    del token


def _forest(
    name: str,
    rows: Sequence[Rows],
    examples: Sequence[Example],
    calibration: tuple[float, float] = (1.0, 0.0),
) -> tuple[Forest, Arrays]:
    return grow(
        name,
        np.concatenate([row.T for row in rows]),
        np.concatenate([example.content for example in examples]),
        np.concatenate([example.weights for example in examples]),
        calibration=calibration,
    )


def likely_blocks(
    example: Example, forest: Forest, names: Names
) -> tuple[NDArray[np.float64], Rows]:
    """Of each block the probability that it is content, and the features."""
    rows = features(example.page, example.hints, names)
    return smoothed(example.page, forest(rows), rows[WORDS]), rows


def _guessed(example: Example, forest: Forest, names: Names) -> Example:
    """An example with labels: a model's, and where a snippet speaks of a block, the snippet's."""
    likely, rows = likely_blocks(example, forest, names)
    cover = np.zeros(len(example.page))
    cover[chosen(likely, rows[WORDS])] = 1.0
    trust = np.abs(likely - 0.5) * 2
    wanted, unwanted = (
        [" ".join(snippet.split()) for snippet in snippets if snippet.strip()]
        for snippets in (example.truth.with_, example.truth.without)
    )
    for place, text in enumerate(example.page.texts):
        for snippets, value in ((wanted, 1.0), (unwanted, 0.0)):
            if any(snippet in text for snippet in snippets):
                cover[place], trust[place] = value, SURE
    return dataclasses.replace(
        example,
        cover=cover,
        gold_words=int(example.words[cover > 0].sum()),
        trust=example.trust * trust * GUESSED,
    )


def _labelled(example: Example, gold: str) -> Example:
    cover, words, gold_words = label(example.page.texts, gold)
    return dataclasses.replace(
        example,
        cover=cover,
        words=words,
        gold_words=gold_words,
        trust=example.trust * GUESSED,
    )


def shortened(fitted: Fitted, trees: int) -> Forest:
    """The forest of blocks with its first trees alone, as if growing had stopped there."""
    arrays = fitted.arrays
    return Forest(
        arrays["blocks_questions"][:, :trees].astype(np.int16),
        arrays["blocks_thresholds"][:, :trees].astype(np.float32),
        arrays["blocks_leaves"][:trees].astype(np.float32),
        float(arrays["blocks_bias"][0]),
    )


@contextlib.contextmanager
def in_use(fitted: FittedBlocks) -> Iterator[None]:
    """The extractor asks these forests and tables instead of the shipped ones."""
    ours = fitted.parts()
    shipped = {name: getattr(model, name) for name in ours}
    try:
        for name, value in ours.items():
            setattr(model, name, value)
        yield
    finally:
        for name, value in shipped.items():
            setattr(model, name, value)
