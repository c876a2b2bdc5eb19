"""What a replay changed: what pages gave before and what they give now, counted and listed.

Invariant: the counts cover every outcome that was entered. Lists are cut to `LISTED`, except the
ids of articles that are published still and whose page is rejected now.
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
        left: the ids and URLs of the articles that stay published although their page is rejected
            now.
    """

    def __init__(self) -> None:
        self.changes: Counter[str] = Counter()
        self.unchanged = 0
        self.listed: list[tuple[str, str, str]] = []
        self.left: dict[str, str] = {}

    def enter(self, outcome: PageOutcome, before: Facts) -> str:
        """Enter the outcome of a replay; returns how it differs from the one before."""
        how = change(before, outcome.facts)
        if how == UNCHANGED:
            self.unchanged += 1
            return how
        self.changes[how] += 1
        article = outcome.facts.article or before.article
        if len(self.listed) < LISTED:
            self.listed.append((how, article, outcome.url))
        if before.label == "clean" and outcome.facts.reason is not None:
            self.left[before.article] = outcome.url
        return how


def change(before: Facts, after: Facts) -> str:
    """How two outcomes of one page differ, in words; `UNCHANGED` if they do not."""
    if before.label != after.label:
        return f"{before.label} -> {after.label}"
    difference = before.difference(after)
    return f"{before.label} -> {after.label}, {difference}" if difference else UNCHANGED


def json_line(outcome: PageOutcome, before: Facts, how: str) -> dict[str, Any]:
    """What `--json` prints of a replay."""
    return {
        "change": how,
        "before": before.label,
        "after": outcome.facts.label,
        "id": outcome.facts.article or before.article or None,
        "url": outcome.url or None,
        "partition": outcome.source.partition,
        "offset": outcome.source.offset,
        "replay_of": str(outcome.original),
    }
