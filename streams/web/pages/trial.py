"""The page on which somebody pastes a page and sees what becomes of it.

Invariant: the text area gives back what was pasted, unchanged; everything else that the page shows
of it is escaped and printable.
"""

import dataclasses

from cleanwire.explain import Explanation
from streams.web.pages.article import MOST_BLOCKS, REASONS, segments, sides
from streams.web.pages.rendering import render

MOST_SHOWN = 200_000
"""Characters of the clean text that are shown."""

MOST_GIVEN_BACK = 1_000_000
"""Characters of a page that the text area gives back."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """What was typed into the form.

    Attributes:
        page: the HTML or text.
        url: where the page would be; empty if it was left out.
        content_type: the HTTP header; empty if it was left out.
    """

    page: str = ""
    url: str = ""
    content_type: str = ""


def trial(
    now: float, pasted: Pasted, explanation: Explanation | None = None, problem: str = ""
) -> str:
    """The form, with what became of the page that was sent in it.

    Args:
        now: seconds since the epoch.
        pasted: what was typed.
        explanation: what becomes of it; None if nothing was sent, or it was refused.
        problem: why it was refused, as a sentence.
    """
    blocks = explanation.blocks.listed if explanation and explanation.blocks else ()
    return render(
        "try.html",
        now=now,
        path="try",
        pasted=pasted,
        is_given_back=len(pasted.page) <= MOST_GIVEN_BACK,
        explanation=explanation,
        made=explanation and (explanation.article or explanation.would_be),
        problem=problem,
        most=MOST_SHOWN,
        reasons=REASONS,
        segments=segments(blocks[:MOST_BLOCKS]),
        folded=segments(blocks[MOST_BLOCKS:]),
        folded_count=len(blocks[MOST_BLOCKS:]),
        sides=sides(blocks),
    )
