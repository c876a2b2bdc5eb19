"""One page's whole story.

Invariants:

- What the page says stays text: it becomes no element, and no attribute but the address of a
  marked link to its site, which is an http or https one.
- Everything shown is bounded. What is left out is counted.
- Where something could not be read or explained, a sentence says why in its place.
"""

import dataclasses
import itertools
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from cleanwire.errors import PageRejected
from cleanwire.events import CleanArticle
from cleanwire.explain import CopyExplanation, Difference, Explanation
from cleanwire.explain.explanation import Block
from cleanwire.explain.word_diff import Run, WordDiff
from cleanwire.similarity.index import Thresholds
from streams.web.pages.articles import rows
from streams.web.pages.rendering import render
from streams.web.store.model import Count, OutcomeRecord, Part, Stored

MOST_BLOCKS = 300
"""Blocks that are shown at once; the others are folded."""

MOST_RUNS = 600
"""Runs of a comparison that are shown."""

EQUAL_CHARACTERS = 240
"""Characters that are shown of each end of a run that both texts have."""

MOST_SOURCE = 200_000
"""Characters of a page's source, and of a published text, that are shown."""

_HTTP = re.compile(r"https?://[\x21-\x7e]{1,2000}", re.IGNORECASE)

REASONS = {
    "not-json": "its record on the topic of raw pages is no JSON object",
    "invalid-event": "its record is JSON, but no event of a raw page",
    "http-error": "it was fetched with an HTTP status that gives no page",
    "unsupported-type": "it is neither HTML nor plain text",
    "undecodable": "its bytes are text in no charset",
    "too-large": "it is over a size limit",
    "no-article": "nothing on it is an article",
    "time-limit": "cleaning it took longer than the limit for one page",
    "parser-crashed": "the process that cleaned it died",
    "withdrawn": "it was taken down",
}
"""What each reason of a rejection means, for people."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of a page.

    Attributes:
        name: the page's name in the view.
        seen: its outcome.
        timeline: all outcomes of its URL.
        copies: the copies of the article.
        count: how many there are.
        originals: what copies among the outcomes copy, by id.
        before: where the parts begin that are shown; None at their first page.
    """

    name: str
    seen: OutcomeRecord
    timeline: Part[Stored]
    copies: Part[Stored]
    count: Count
    originals: Mapping[str, OutcomeRecord]
    before: Mapping[str, int | None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The text of this page beside another one.

    Attributes:
        with_: what the other text is: the article that this page copies, the revision before, or
            this article as it was published.
        result: the figures and the words that differ; None if there are none.
        why_not: why there is no result, as a sentence.
    """

    with_: Literal["original", "revision", "published"]
    result: CopyExplanation | None = None
    why_not: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was read of Kafka and cleaned again for the page.

    Attributes:
        explanation: what cleaning makes of the raw page now; None if there is none.
        explanation_fault: why there is no explanation, as a sentence.
        published: the article as it stands on the topic; None if it was not or could not be read.
        published_fault: why it could not be read, as a sentence.
        differences: where the two differ.
        comparisons: the text beside other texts.
    """

    explanation: Explanation | None = None
    explanation_fault: str = ""
    published: CleanArticle | None = None
    published_fault: str = ""
    differences: tuple[Difference, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a comparison: words that were kept, deleted or inserted, or a note between."""

    kind: Literal["equal", "deleted", "inserted", "note"]
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a page.

    Attributes:
        out: what was taken out, in order; a run of navigation is one entry.
        kept: the text that follows it.
    """

    out: tuple[tuple[Block, ...], ...]
    kept: tuple[Block, ...]


def article(known: Known, looked: Looked, thresholds: Thresholds, now: float) -> str:
    """The page of one page's story, as a whole HTML document.

    Args:
        known: what the store knows.
        looked: what was read and cleaned again.
        thresholds: when two texts are one story.
        now: seconds since the epoch.
    """
    seen, explanation = known.seen, looked.explanation
    made = explanation and (explanation.article or explanation.would_be)
    title = seen.title or (made.title if made else None)
    blocks = explanation.blocks.listed if explanation and explanation.blocks else ()
    return render(
        "article.html",
        now=now,
        path=f"articles/{known.name}",
        known=known,
        seen=seen,
        title=title,
        outside=seen.url if seen.url and _HTTP.fullmatch(seen.url) else None,
        original=known.originals.get(seen.copy_of or ""),
        reasons=REASONS,
        thresholds=thresholds,
        most=MOST_SOURCE,
        looked=looked,
        made=made,
        segments=segments(blocks[:MOST_BLOCKS]),
        folded=segments(blocks[MOST_BLOCKS:]),
        folded_count=len(blocks[MOST_BLOCKS:]),
        sides=sides(blocks),
        comparisons=[
            (one, () if one.result is None else tuple(pieces(one.result.diff)))
            for one in looked.comparisons
        ],
        timeline=rows(known.timeline.items, known.originals),
        copies=rows(known.copies.items, {seen.article or "": seen}),
        older={
            "timeline": _older(known, "timeline", known.timeline.following),
            "copies": _older(known, "copies", known.copies.following),
        },
        is_first={name: key is None for name, key in known.before.items()},
    )


def segments(blocks: Sequence[Block]) -> list[Segment]:
    """Blocks in segments: runs that were taken out, each beside the text that follows it."""
    found: list[Segment] = []
    out: list[tuple[Block, ...]] = []
    kept: list[Block] = []
    for (is_text, is_navigation), group in itertools.groupby(blocks, key=_side):
        run = tuple(group)
        if is_text:
            kept.extend(run)
            continue
        if kept:
            found.append(Segment(out=tuple(out), kept=tuple(kept)))
            out, kept = [], []
        # The entries of a menu say little one by one.
        out.extend([run] if is_navigation else [(block,) for block in run])
    if out or kept:
        found.append(Segment(out=tuple(out), kept=tuple(kept)))
    return found


def _side(block: Block) -> tuple[bool, bool]:
    return block.fate == "body", block.by == "navigation"


def sides(blocks: Sequence[Block]) -> dict[str, int]:
    """How many blocks are part of the body, and how many were taken out by whom."""
    counts: dict[str, int] = {"body": 0}
    for block in blocks:
        side = "body" if block.fate == "body" else block.by
        counts[side] = counts.get(side, 0) + 1
    return counts


def pieces(diff: WordDiff) -> Iterator[Piece]:
    """A comparison in pieces; long runs that both texts have are shown at their ends."""
    for run in diff.runs[:MOST_RUNS]:
        yield from _pieces(run)
    left_out = len(diff.runs[MOST_RUNS:]) + diff.runs_left_out
    if left_out:
        yield Piece(kind="note", text=f"{left_out:,} more passages are not shown")


def _pieces(run: Run) -> Iterator[Piece]:
    if run.kind == "equal" and (run.left_out or len(run.text) > 3 * EQUAL_CHARACTERS):
        yield Piece(kind="equal", text=_head(run.text))
        yield Piece(kind="note", text=f"both have these {run.words:,} words; some are not shown")
        yield Piece(kind="equal", text=_head(run.text[::-1])[::-1])
        return
    yield Piece(kind=run.kind, text=run.text)
    if run.left_out:
        yield Piece(kind="note", text=f"{run.left_out:,} characters of this are not shown")


def _head(text: str) -> str:
    """How a text begins; it ends with a whole word, unless a word is too long."""
    head = text[:EQUAL_CHARACTERS]
    return next((head[:at] for at in range(len(head), 0, -1) if head[at - 1].isspace()), head)


def _older(known: Known, name: str, following: int | None) -> str | None:
    if following is None:
        return None
    places = {part: key for part, key in known.before.items() if key is not None}
    return "?" + urllib.parse.urlencode(places | {name: following}) + f"#{name}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A page as it came.

    Attributes:
        members: what the event says beside the body, by name.
        headers: the headers of the record.
        text: the body, or the record's value if it has no body; cut to `MOST_SOURCE`.
        is_body: whether the text is the body.
        length: characters or bytes of the whole.
        unit: what `length` counts.
        note: how the text came to be, as a sentence; empty if there is nothing to say.
    """

    members: Sequence[tuple[str, str]]
    headers: Sequence[tuple[str, str]]
    text: str
    is_body: bool
    length: int
    unit: str
    note: str = ""


def source(name: str, seen: OutcomeRecord, found: Source | str, now: float) -> str:
    """The page that shows a raw page as text, as a whole HTML document.

    Args:
        name: the page's name in the view.
        seen: the page's outcome.
        found: the raw page, or why it cannot be shown, as a sentence.
        now: seconds since the epoch.
    """
    return render(
        "source.html",
        now=now,
        path=f"articles/{name}/source",
        name=name,
        seen=seen,
        found=None if isinstance(found, str) else found,
        why_not=found if isinstance(found, str) else "",
        most=MOST_SOURCE,
    )


def missing(name: str, why: str, now: float, *, path: str) -> str:
    """The page for a name that leads to no story, as a whole HTML document.

    Args:
        name: what was asked for.
        why: why there is no story, as a sentence.
        now: seconds since the epoch.
        path: a path as deep as the one that was asked for, for the links.
    """
    return render("missing.html", now=now, path=path, name=name, why=why)


def fault_of(error: PageRejected) -> str:
    """Why two texts could not be compared, as a sentence."""
    return f"The texts could not be compared: {error.detail}."
