"""What a replay changed: what pages gave before and what they give now, counted and listed.

Invariant: the counts cover every outcome that was entered. Lists are cut to `LISTED`, so the memory
does not grow with the replay.
"""

from collections import Counter
from typing import Any

from streams.ops.ledger import LISTED
from streams.ops.page_facts import Facts, PageOutcome

UNCHANGED = "unchanged"


class Effect:
    """The difference that a replay made.

    Attributes:
        changes: how many pages changed in each way, such as `rejected no-article -> clean`.
        unchanged: how many pages gave what they gave before.
        listed: the first pages that changed: how, the article's id, the URL.
        left: the first articles that stay published although their page is rejected now: URLs by
            id.
        left_count: how many such articles there are.
    """

    def __init__(self) -> None:
        self.changes: Counter[str] = Counter()
        self.unchanged = 0
        self.listed: list[tuple[str, str, str]] = []
        self.left: dict[str, str] = {}
        self.left_count = 0

    def enter(self, outcome: PageOutcome, before: Facts) -> str:
        """Enter the outcome of a replay; returns how it differs from the one before."""
        if stays_published(outcome, before):
            self.left_count += 1
            if len(self.left) < LISTED:
                self.left[before.article] = outcome.url
        how = change(before, outcome.facts)
        if how == UNCHANGED:
            self.unchanged += 1
            return how
        self.changes[how] += 1
        article = outcome.facts.article or before.article
        if len(self.listed) < LISTED:
            self.listed.append((how, article, outcome.url))
        return how


def change(before: Facts, after: Facts) -> str:
    """How two outcomes of one page differ, in words; `UNCHANGED` if they do not."""
    if before.label != after.label:
        return f"{before.label} -> {after.label}"
    difference = before.difference(after)
    return f"{before.label} -> {after.label}, {difference}" if difference else UNCHANGED


def stays_published(outcome: PageOutcome, before: Facts) -> bool:
    """Whether a page is rejected now, and its article is published still."""
    return before.is_published and outcome.facts.reason is not None


def json_line(outcome: PageOutcome, before: Facts, how: str) -> dict[str, Any]:
    """What `--json` prints of a replay."""
    return {
        "change": how,
        "before": before.label,
        "after": outcome.facts.label,
        "id": outcome.facts.article or before.article or None,
        "stays_published": stays_published(outcome, before),
        "url": outcome.url or None,
        "partition": outcome.source.partition,
        "offset": outcome.source.offset,
        "replay_of": str(outcome.original),
    }
