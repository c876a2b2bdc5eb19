"""What the steps of the extraction found and decided of one page.

Invariant: the steps fill a record, and nothing is decided here. The extraction makes its result of
the record, and `cleanwire.explain` shows it: both see the same steps.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from cleanwire.events import TextBlock
from cleanwire.extract.body.brand import Unbranded
from cleanwire.extract.body.rules import Rule
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.metadata.metadata import Metadata
from cleanwire.extract.model.page_kind import Evidence
from cleanwire.extract.model.select_blocks import BlockSelection

Reading = Literal["page", "with navigation", "without scripts"]
"""How a page was read: without its navigation; with it, because too little was left; or, for the
same reason, as a browser without scripts shows it."""


@dataclasses.dataclass(slots=True, eq=False, kw_only=True)
class Steps:
    """The steps of a page of either kind.

    Attributes:
        page: all blocks of the reading that was used.
        by_model: what the model chose.
        decision: what is chosen once rules took blocks out.
        rules: the blocks that a rule took out, with the name of the rule. `decision` holds those
            that the shape of their text gave away.
        blocks: the body, before a glued brand is removed.
        removed: how many blocks or passages were removed, by kind.
        title: the title, before a glued brand is removed.
        unbranded: title and paragraphs without a glued brand.
        first: the place of the first block of the story.
        evidence: what decides whether the page is an article.
    """

    page: BlockList
    by_model: BlockSelection
    decision: BlockSelection
    rules: Mapping[int, Rule]
    blocks: Sequence[TextBlock]
    removed: Counter[str]
    title: str | None
    unbranded: Unbranded
    first: int
    evidence: Evidence


@dataclasses.dataclass(slots=True, eq=False, kw_only=True)
class HtmlSteps(Steps):
    """The steps of an HTML page.

    Attributes:
        metadata: what the page says of itself.
        reading: how the page was read.
        unseen: whether the body comes from the page's JSON-LD, because the page shows none.
    """

    metadata: Metadata
    reading: Reading
    unseen: bool


@dataclasses.dataclass(slots=True, eq=False, kw_only=True)
class TextSteps(Steps):
    """The steps of a plain-text page.

    Attributes:
        language: the language of the text.
        published_at: the date above the story.
        modified_at: the date of the latest change, above the story.
    """

    language: str | None
    published_at: str | None
    modified_at: str | None
