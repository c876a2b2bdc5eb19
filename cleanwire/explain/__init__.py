"""Why a page became what it became: every figure and rule behind a decision, for one page or pair.

What is explained is computed again by the same steps that decided (`extract`, `similarity`). No
trace is kept while pages are cleaned, so an explanation costs the stream nothing.

Invariants:
    - An explanation is a frozen dataclass of plain values, which orjson writes as it is.
    - Explaining raises no `PageRejected`: a rejection is part of the answer.
    - An explanation is bounded, whatever the page is (`explanation` and `word_diff` have the
      bounds).
"""

from cleanwire.explain.copies import CopyExplanation, explain_copy
from cleanwire.explain.differences import Difference, differences
from cleanwire.explain.explained_page import explain_event, explain_page
from cleanwire.explain.explanation import Explanation

__all__ = [
    "CopyExplanation",
    "Difference",
    "Explanation",
    "differences",
    "explain_copy",
    "explain_event",
    "explain_page",
]
