"""Two similar texts -> copies of one story, or two stories written from one template.

Invariant: similarity alone decides neither. A copy differs from its story by passages that were
cut, added or replaced; it keeps the lead and the figures. Two obituaries by one undertaker differ
in their leads, in names all over, and in their figures. Two releases of one company share its
standing paragraph, and no lead.

The tests look at which shingles of the later text the earlier text holds, in the order of the text,
and at which part of the earlier text's lead the later text holds. The limits were chosen on some
kinds of generated texts and judged on others (`bench/templated.py`).
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled

Bools = NDArray[np.bool_]

LEAD = 4
"""The lead is the first of this many equal parts of a text."""

LEAD_HASHES = 8
"""How many hashes of a text's lead are kept: the lowest of its sample."""

LEAST_LEAD = 3
"""A lead with fewer hashes than this counts as not known."""

COPIED = 0.6
"""From this share on, of either lead held by the other text, the texts are copies. The tests by
figures, passages and standing paragraphs apply only below it."""

NO_LEAD = 0.25
"""Texts that hold no more than this share of each other's leads have no common lead."""

SAME_FIGURES = 2 / 3
"""Copies share at least this part of the smaller set of figures."""

FIGURES = 2
"""From this many figures on, in both texts, figures are evidence."""

OTHER_FIGURES = 0.1
"""Texts that share no more than this part of the smaller set have other figures altogether."""

OTHER_LEAD = 0.8
"""Below this share of common lead, other figures or swapped words show another story."""

PASSAGE = 50.0
"""From this many words on, a passage between shared ones that is not shared is a story of its own:
the shared text around it is boilerplate."""

WHOLE = 0.8
"""A text of which the other holds this share is a part of it: it has hardly anything of its own."""

SURE_FIGURES = 4
"""From this many figures on, if all are shared, the texts tell one story under two leads."""

SWAP = 8.0
"""The most shingles that a swapped name or figure changes."""

SWAPS = 3
SWAP_RATE = 0.035
"""Words were swapped all over from `SWAPS` swaps on, if there are this many for each shared
shingle."""

DENSE = 0.05
"""From this many swaps for each shared shingle on, swaps count even if no figure differs."""

SWAPPED_LEADS = 0.65
"""With swaps all over and enough figures, texts are two stories if their leads hold less than this
of each other on average."""

SWAPPED_LEAD = 0.5
"""With swaps all over, too few figures and none of them shared, texts are two stories if less than
this of either lead is held."""

SHORT_WORDS = 120
SHORT_LEADS = 0.7
SHORT_SIMILARITY = 0.45
"""In a text of at most `SHORT_WORDS` shingles every swap is seen. If the texts are this similar,
`SWAPS` swaps are enough, however few they are for each shared shingle, if the leads hold less than
`SHORT_LEADS` of each other on average."""

STANDING_WORDS = 120
STANDING_SIMILARITY = 0.62
"""Texts without a common lead that are less similar than this, have at least `STANDING_WORDS`
shingles and are no part of each other share only a standing paragraph."""


TESTS = (
    "none",
    "other figures altogether under another lead",
    "words swapped all over a short text",
    "words swapped all over",
    "different figures under another lead",
    "a passage of its own between shared ones",
    "a standing paragraph under no common lead",
)
"""What each test finds, in the order in which they are made."""


@compiled("float64(boolean[::1])")
def lead_held(held: Bools) -> float:
    """The share of a text's lead that another text holds, 0 to 1; 1 if the lead is not known.

    Args:
        held: for each sampled shingle, in the order of the text, whether the other text holds it.
    """
    size = len(held) // LEAD
    if size < LEAST_LEAD:
        return 1.0
    return np.sum(held[:size]) / size


@compiled("Tuple((float64, int64))(boolean[::1], float64)")
def gaps(held: Bools, scale: float) -> tuple[float, int]:
    """The longest passage that is not shared between shared ones, and the number of swaps.

    Args:
        held: as for `lead_held`.
        scale: how many shingles of the text one sampled shingle stands for.

    Returns:
        The length of the passage in words, and how many of the unshared passages are short enough
        to be swaps.
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


@compiled("int64(boolean[::1], int64, float64, float64, float64, int64, int64)")
def telling_test(
    held: Bools,
    shingles: int,
    other_lead: float,
    jaccard: float,
    whole: float,
    shared: int,
    figures: int,
) -> int:
    """Which test says that two similar texts are two stories.

    Args:
        held: for each sampled shingle of the later text, in the order of the text, whether the
            earlier text holds it.
        shingles: how many distinct shingles the later text has.
        other_lead: the share of the earlier text's lead that the later text holds; 1 if not known.
        jaccard: the similarity of the texts.
        whole: the share of one text that the other holds; the greater of the two shares.
        shared: how many figures both texts have.
        figures: the size of the smaller set of figures.

    Returns:
        The place of the test in `TESTS`; 0 if the texts are copies of one story.
    """
    own_lead = lead_held(held)
    lead = max(own_lead, other_lead)
    known = figures >= FIGURES
    if known and lead < OTHER_LEAD and shared <= OTHER_FIGURES * figures:
        return 1
    scale = max(1.0, shingles / max(1, len(held)))
    longest, swaps = gaps(held, scale)
    differ = shared < figures if known else shared == 0
    rate = swaps / (scale * max(1, np.sum(held)))
    dense = known and rate >= DENSE and swaps > SWAPS
    if swaps >= SWAPS and lead < OTHER_LEAD and (differ or dense):
        leads = (own_lead + other_lead) / 2
        is_short = shingles <= SHORT_WORDS and jaccard >= SHORT_SIMILARITY
        if is_short and leads < SHORT_LEADS:
            return 2
        swapped = leads < SWAPPED_LEADS if known else lead < SWAPPED_LEAD
        if swapped and rate >= SWAP_RATE:
            return 3
    if lead >= COPIED:
        return 0
    if known and shared < SAME_FIGURES * figures:
        return 4
    if whole >= WHOLE:
        return 0
    if longest >= PASSAGE:
        return 5
    if lead > NO_LEAD or (figures >= SURE_FIGURES and shared == figures):
        return 0
    return 6 if shingles >= STANDING_WORDS and jaccard < STANDING_SIMILARITY else 0
