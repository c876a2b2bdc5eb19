"""What names of elements and words are worth, by site.

Invariant: every site has one voice, and a page is never judged by what its own site said.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from cleanwire.extract.model.class_names import tokens_of
from cleanwire.extract.model.line_features import line_words
from training.labels import Example

PRIOR = 0.4
SHRINKAGE = 3.0
FEWEST_SITES = 3
FEWEST_SITES_WORD = 4

SiteTable = Mapping[str, tuple[float, float]]
Sums = Mapping[str, tuple[int, float, float]]


def name_tables(examples: Iterable[Example]) -> dict[str, SiteTable]:
    """Site -> token -> (share of content under it, that less the share around it)."""
    sums: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0] * 3))
    for example in examples:
        page, table = example.page, sums[example.site]
        words = np.concatenate(((0.0,), np.cumsum(example.words)))
        content = np.concatenate(((0.0,), np.cumsum(example.words * example.cover)))
        starts, ends = np.array(page.starts), np.array(page.ends)
        held, good = words[ends] - words[starts], content[ends] - content[starts]
        share = good / np.maximum(held, 1)
        gain = share - share[np.maximum(np.array(page.parents), 0)]
        for element, (tag, attributes) in enumerate(zip(page.tags, page.attributes, strict=True)):
            if held[element] > 0:
                for token in set(tokens_of(tag, attributes)):
                    entry = table[token]
                    entry[0] += held[element]
                    entry[1] += good[element]
                    entry[2] += held[element] * gain[element]
    return {
        site: {token: (good / held, gain / held) for token, (held, good, gain) in table.items()}
        for site, table in sums.items()
    }


def word_tables(examples: Iterable[Example]) -> dict[str, SiteTable]:
    """Site -> word -> (share of content of the lines it stands in, 0)."""
    sums: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0] * 2))
    for example in examples:
        table = sums[example.site]
        for text, cover in zip(example.page.texts, example.cover.tolist(), strict=True):
            words = line_words(text)
            # A word of a short line tells more of it than one of a long one.
            weight = max(5, len(words)) ** -0.5
            for word in set(words):
                table[word][0] += weight
                table[word][1] += weight * cover
    return {
        site: {word: (good / all_, 0.0) for word, (all_, good) in table.items()}
        for site, table in sums.items()
    }


def summed(tables: Mapping[str, SiteTable], sites: Iterable[str]) -> Sums:
    """Token -> (sites, sum of shares, sum of gains)."""
    sums: dict[str, tuple[int, float, float]] = {}
    for site in sites:
        for token, (share, gain) in tables.get(site, {}).items():
            count, shares, gains = sums.get(token, (0, 0.0, 0.0))
            sums[token] = count + 1, shares + share, gains + gain
    return sums


def lookup(sums: Sums, own: SiteTable, fewest: int) -> Callable[[str], tuple[float, float] | None]:
    """The worth of a token by all sites but the page's own."""

    def worth(token: str) -> tuple[float, float] | None:
        known = sums.get(token)
        if known is None:
            return None
        count, shares, gains = known
        if token in own:
            share, gain = own[token]
            count, shares, gains = count - 1, shares - share, gains - gain
        if count < fewest:
            return None
        return (shares + SHRINKAGE * PRIOR) / (count + SHRINKAGE), gains / (count + SHRINKAGE)

    return worth


def exported(sums: Sums, fewest: int) -> tuple[Sequence[str], Sequence[float], Sequence[float]]:
    """Tokens, shares and gains of a table, in order."""
    worth = lookup(sums, {}, fewest)
    known = sorted((token, found) for token in sums if (found := worth(token)) is not None)
    return (
        [token for token, _ in known],
        [share for _, (share, _) in known],
        [gain for _, (_, gain) in known],
    )
