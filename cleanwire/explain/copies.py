"""Why one article is a copy of another, or is none: every figure of that decision.

Invariants:
    - The answer is the index's own: an `Index` that holds the earlier article alone is asked. The
      figures come from the functions that the index decides by (`similarity.verify`).
    - The figures are about these two texts. In a full window a sample hash leads to `KEY_CAP`
      articles at most, so the similarity that was published with a copy may be lower.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from cleanwire.explain.word_diff import WordDiff, diff_words
from cleanwire.similarity import minhash
from cleanwire.similarity.hash_table_layout import keys_of
from cleanwire.similarity.index import KEY_CAP, Entry, Index, Match, MatchKind, Thresholds
from cleanwire.similarity.minhash import Signature
from cleanwire.similarity.templates import TESTS, lead_held, telling_test
from cleanwire.similarity.verify import (
    FIGURES,
    FULL_STORY_RATIO,
    MIN_HITS,
    figures_shared,
    hash_states,
    high_bits,
    in_text_order,
    shares,
    stored_lead,
)

MOST_TEXT = 2_000_000
"""How many characters of a text are compared; the rest is left out of the figures and the diff."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One condition of the decision.

    Attributes:
        name: what is compared.
        value: the figure of these two texts.
        needed: what it is held against.
        rule: how, in words.
        holds: whether the condition holds.
    """

    name: str
    value: float
    needed: float
    rule: str
    holds: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CopyExplanation:
    """Two articles, and why one is a copy of the other or not.

    Attributes:
        kind: how the article matches the original; None if it does not.
        similarity: the similarity that is published with that kind; None without a match.
        reason: the kind and why it is no stronger one, in one sentence each.
        same_text: whether the digests are equal.
        estimated_similarity: the Jaccard similarity, estimated from the signatures.
        similarity_of_all: the Jaccard similarity over all shingles.
        estimated_containment: how much of the text with fewer shingles the other one holds,
            estimated from the signatures.
        article_in_original: the share of the article's shingles that the original holds.
        original_in_article: the share of the original's shingles that the article holds.
        article_shingles: how many distinct shingles the article has.
        original_shingles: how many distinct shingles the original has.
        hits: how many sample hashes both have.
        shared_figures: how many figures both have.
        figures: the size of the smaller set of figures.
        article_lead: the share of the article's lead that the original holds.
        original_lead: the share of the original's lead that the article holds.
        template: which test finds two stories of one template; `none` if none does.
        thresholds: what was decided by.
        checks: the conditions, in the order of the decision.
        left_out: how many characters were over `MOST_TEXT`, of both texts together.
        diff: the words that differ.
    """

    kind: MatchKind | None
    similarity: float | None
    reason: str
    same_text: bool
    estimated_similarity: float
    similarity_of_all: float
    estimated_containment: float
    article_in_original: float
    original_in_article: float
    article_shingles: int
    original_shingles: int
    hits: int
    shared_figures: int
    figures: int
    article_lead: float
    original_lead: float
    template: str
    thresholds: Thresholds
    checks: tuple[Check, ...]
    left_out: int
    diff: WordDiff


def explain_copy(
    article_text: str, original_text: str, thresholds: Thresholds | None = None
) -> CopyExplanation:
    """Explain what the index makes of an article when the original was published before.

    Args:
        article_text: the body of the later article.
        original_text: the body of the earlier one.
        thresholds: when two texts are one story; the defaults if None.
    """
    limits = thresholds or Thresholds()
    one, other = article_text[:MOST_TEXT], original_text[:MOST_TEXT]
    article, original = minhash.signature(one), minhash.signature(other)
    found = _Figures.of(article, original)
    match = _match(article, original, limits)
    checks = _checks(found, limits)
    mine, theirs = minhash.shingles(one), minhash.shingles(other)
    both = len(np.intersect1d(mine, theirs, assume_unique=True))
    return CopyExplanation(
        kind=match.kind if match else None,
        similarity=match.similarity if match else None,
        reason=_reason(match, checks, found),
        same_text=article.digest == original.digest,
        estimated_similarity=max(found.jaccard, 0.0),
        similarity_of_all=_share(both, len(mine) + len(theirs) - both),
        estimated_containment=max(found.containment, 0.0),
        article_in_original=_share(both, len(mine)),
        original_in_article=_share(both, len(theirs)),
        article_shingles=len(mine),
        original_shingles=len(theirs),
        hits=found.hits,
        shared_figures=found.shared_figures,
        figures=found.figures,
        article_lead=found.article_lead,
        original_lead=found.original_lead,
        template=TESTS[found.test],
        thresholds=limits,
        checks=checks,
        left_out=len(article_text) - len(one) + len(original_text) - len(other),
        diff=diff_words(other, one),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _match(article: Signature, original: Signature, thresholds: Thresholds) -> Match | None:
    """The answer of an index that holds the original alone."""
    index = Index(thresholds)
    index.add(Entry.of(original, article="original", sequence=0, bucket=0))
    return next(iter(index.matches(article)), None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """What `verify.look_up` computes of a query and a row."""

    same_text: bool
    hits: int
    enough_hits: int
    jaccard: float
    containment: float
    shared_figures: int
    figures: int
    article_lead: float
    original_lead: float
    test: int
    longer: float

    @classmethod
    def of(cls, article: Signature, original: Signature) -> "_Figures":
        entry = Entry.of(original, article="original", sequence=0, bucket=0)
        positions = np.flatnonzero(np.isin(keys_of(article.sample), entry.keys)).astype(np.int64)
        high = article.bound >> 32
        limit = min(high, entry.bound)
        tops = (article.sample[positions] >> np.uint64(32)).astype(np.int64)
        jaccard, containment, whole = shares(
            article.sample,
            high,
            article.shingles,
            int((tops <= limit).sum()),
            entry.bound,
            len(entry.keys),
            original.shingles,
        )
        rows = np.zeros(len(article.sample), np.uint8)
        rows[positions] = 1
        states = hash_states(article.sample, limit, positions, 0, len(positions), rows, KEY_CAP)
        held = in_text_order(article.places, states)
        lead = stored_lead(entry.lead, len(entry.lead), limit, article.sample, states)
        own = high_bits(article.figures)
        agreed, fewer = figures_shared(entry.figures, len(entry.figures), own, len(own))
        test = telling_test(held, article.shingles, lead, jaccard, whole, agreed, fewer)
        return cls(
            same_text=article.digest == original.digest,
            hits=len(positions),
            enough_hits=min(MIN_HITS, len(article.sample), len(entry.keys)),
            jaccard=float(jaccard),
            containment=float(containment),
            shared_figures=int(agreed),
            figures=int(fewer),
            article_lead=float(lead_held(held)),
            original_lead=float(lead),
            test=int(test),
            longer=article.shingles / max(original.shingles, 1),
        )


def _checks(found: _Figures, limits: Thresholds) -> tuple[Check, ...]:
    """The conditions of `verify.look_up`, in its order."""
    has_figures = found.figures >= FIGURES
    return (
        Check(
            name="common sample hashes",
            value=found.hits,
            needed=found.enough_hits,
            rule="at least; else the texts are never compared",
            holds=found.hits >= max(found.enough_hits, 1),
        ),
        Check(
            name="equal digests",
            value=float(found.same_text),
            needed=1.0,
            rule="equal digests are an exact copy, whatever follows",
            holds=found.same_text,
        ),
        Check(
            name="similarity",
            value=found.jaccard,
            needed=limits.near,
            rule="at least, for a near copy",
            holds=found.jaccard >= limits.near,
        ),
        Check(
            name="containment",
            value=found.containment,
            needed=limits.excerpt,
            rule="at least, for an excerpt",
            holds=found.containment >= limits.excerpt,
        ),
        Check(
            name="times longer than the original",
            value=found.longer,
            needed=FULL_STORY_RATIO,
            rule="less, for an excerpt: a full story is no excerpt of its teaser",
            holds=found.longer < FULL_STORY_RATIO,
        ),
        Check(
            name="share of common figures",
            value=_share(found.shared_figures, found.figures),
            needed=limits.figures,
            rule=f"at least, if both texts have {FIGURES} figures or more",
            holds=not has_figures or found.shared_figures >= limits.figures * found.figures,
        ),
        Check(
            name="test for stories of one template",
            value=found.test,
            needed=0,
            rule=f"0 is no such story; here: {TESTS[found.test]}",
            holds=found.test == 0,
        ),
    )


def _reason(match: Match | None, checks: Sequence[Check], found: _Figures) -> str:
    """Which kind it is and why, and why it is no stronger one."""
    if match is None:
        return f"no copy: {_reason_against(checks, found)}"
    near, excerpt = checks[2], checks[3]
    differs = "it is not exact, because the words differ"
    if match.kind == "exact":
        return "exact: the words of both texts are the same, in the same order"
    if match.kind == "near":
        return f"near: the similarity {near.value:.2f} is at least {near.needed:g}; {differs}"
    return (
        f"excerpt: the containment {excerpt.value:.2f} is at least {excerpt.needed:g}; it is not "
        f"near, because the similarity {near.value:.2f} is below {near.needed:g}; {differs}"
    )


def _reason_against(checks: Sequence[Check], found: _Figures) -> str:
    """The first condition that does not hold."""
    hits, _, near, excerpt, length, figures, _ = checks
    if not hits.holds:
        return f"{found.hits} common sample hashes, fewer than {max(found.enough_hits, 1)}"
    if not near.holds and not excerpt.holds:
        return (
            f"the similarity {near.value:.2f} is below {near.needed:g}, and the containment "
            f"{excerpt.value:.2f} is below {excerpt.needed:g}"
        )
    if not near.holds and not length.holds:
        return f"a full story, {length.value:.1f} times longer than its teaser"
    if not figures.holds:
        return (
            f"{found.shared_figures} of {found.figures} figures are common, less than the share "
            f"{figures.needed:g}"
        )
    return f"two stories of one template ({TESTS[found.test]})"
