"""Two similar texts -> copies of one story, or two stories written from one template.

Invariant: similarity alone tells neither. A copy differs from its story by passages that were
cut, added or replaced; it keeps the lead and the figures. Two obituaries of one undertaker differ
in their leads, in names all over, and in their figures; two releases of one company share its
standing paragraph, and no lead.

What is looked at is which shingles of the later text the earlier one holds, in the order of the
text, and which of the earlier one's lead the later one holds. The limits were chosen on some kinds
of generated texts and judged on others (`bench/templated.py`).
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled

Bools = NDArray[np.bool_]

LEAD = 4
"""The lead is the first of so many parts of a text."""

LEAD_HASHES = 8
"""So many hashes of its lead are kept of a text, the lowest of its sample."""

LEAST_LEAD = 3
"""Of a lead with fewer hashes nothing is known."""

COPIED = 0.6
"""A copy holds so much of the other's lead, or the other of its. What tells stories apart besides
counts only where neither does."""

NO_LEAD = 0.25
"""Texts that hold less of each other's leads share no lead."""

SAME_FIGURES = 2 / 3
"""Copies share so much of the smaller set of figures."""

FIGURES = 2
"""From so many figures on, on both sides, figures say something."""

OTHER_FIGURES = 0.1
"""Texts that share no more than this have other figures altogether."""

OTHER_LEAD = 0.8
"""Unless so much of a lead is the same, other figures and swapped words are another story."""

PASSAGE = 50.0
"""Words of a passage that stands between shared ones and is not shared: one story in the furniture
that goes around another one."""

WHOLE = 0.8
"""A text that is held to this part has hardly anything of its own: it is a part of the other."""

SURE_FIGURES = 4
"""So many figures, all of them shared, are one story's under another lead."""

SWAP = 8.0
"""Shingles that are lost to a swapped name or figure, at most."""

SWAPS = 3
SWAP_RATE = 0.035
"""From so many swaps on, and so many a shared shingle, words were swapped all over."""

DENSE = 0.05
"""So many swaps a shared shingle count even where no figure differs."""

SWAPPED_LEADS = 0.65
"""Then texts are two stories if figures differ too, and the leads hold less than this of each other
on average."""

SWAPPED_LEAD = 0.5
"""Where no figure is shared, and there are not enough to tell, they are if neither lead is held to
this part."""

SHORT_WORDS = 120
SHORT_LEADS = 0.7
SHORT_SIMILARITY = 0.45
"""In a text of so few words every swap is seen: if the texts are so similar it is enough that there
are `SWAPS` of them, and that the leads hold less than that of each other on average."""

STANDING_WORDS = 120
STANDING_SIMILARITY = 0.62
"""Of texts with no common lead, of so many words, no more similar than this and neither a part of
the other, the standing paragraph is all that is common."""


@compiled("float64(boolean[::1])")
def lead_held(held: Bools) -> float:
    """Which part of a text's lead another one holds; 1 where that is not known.

    Args:
        held: of each sampled shingle in the order of the text, whether the other one holds it.
    """
    size = len(held) // LEAD
    if size < LEAST_LEAD:
        return 1.0
    return np.sum(held[:size]) / size


@compiled("Tuple((float64, int64))(boolean[::1], float64)")
def gaps(held: Bools, scale: float) -> tuple[float, int]:
    """The longest passage between shared ones that is not shared, in words, and how many are swaps.

    Args:
        held: as `lead_held` takes it.
        scale: how many shingles of the text a sampled one stands for.
    """
    most = max(1, round(SWAP / scale))
    longest = swaps = 0
    last = -1
    for at in range(len(held)):
        if not held[at]:
            continue
        gap = at - last - 1
        if last >= 0 and gap:
            longest = max(longest, gap)
            swaps += gap <= most
        last = at
    return longest * scale, swaps


@compiled("boolean(boolean[::1], int64, float64, float64, float64, int64, int64)")
def tell_apart(
    held: Bools,
    shingles: int,
    other_lead: float,
    jaccard: float,
    whole: float,
    shared: int,
    figures: int,
) -> bool:
    """Whether two similar texts are two stories.

    Args:
        held: of each sampled shingle of the later text, in its order, whether the earlier one
            holds it.
        shingles: how many distinct ones the later text has.
        other_lead: which part of the earlier text's lead the later one holds; 1 if not known.
        jaccard: their similarity.
        whole: which part of one of them the other holds; of the two parts the greater.
        shared: how many figures both have.
        figures: the size of the smaller set of figures.
    """
    own_lead = lead_held(held)
    lead = max(own_lead, other_lead)
    known = figures >= FIGURES
    if known and lead < OTHER_LEAD and shared <= OTHER_FIGURES * figures:
        return True
    scale = max(1.0, shingles / max(1, len(held)))
    longest, swaps = gaps(held, scale)
    differ = shared < figures if known else shared == 0
    rate = swaps / (scale * max(1, np.sum(held)))
    dense = known and rate >= DENSE and swaps > SWAPS
    if swaps >= SWAPS and lead < OTHER_LEAD and (differ or dense):
        leads = (own_lead + other_lead) / 2
        is_short = shingles <= SHORT_WORDS and jaccard >= SHORT_SIMILARITY
        if is_short and leads < SHORT_LEADS:
            return True
        swapped = leads < SWAPPED_LEADS if known else lead < SWAPPED_LEAD
        if swapped and rate >= SWAP_RATE:
            return True
    if lead >= COPIED:
        return False
    if known and shared < SAME_FIGURES * figures:
        return True
    if whole >= WHOLE:
        return False
    if longest >= PASSAGE:
        return True
    if lead > NO_LEAD or (figures >= SURE_FIGURES and shared == figures):
        return False
    return shingles >= STANDING_WORDS and jaccard < STANDING_SIMILARITY
