"""The list of outcomes, with its search form.

Invariant: every link of the page is a GET request that can be sent to somebody else and works
without scripts.
"""

import dataclasses
import re
import urllib.parse
from collections.abc import Mapping, Sequence

from streams.kafka.outcome_topics import KINDS, OTHER, OutcomeTopic
from streams.web.pages.article_links import name_of_page
from streams.web.pages.rendering import render
from streams.web.reading.state import OutcomeView
from streams.web.store.model import Count, OutcomeRecord, Part, Stored

PATH = "articles"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields of the search form, as they were typed; empty ones exclude nothing.

    Attributes:
        q: a URL, an id, `topic:partition:offset`, or words.
        site: the site.
        outcome: the outcome.
        kind: the kind, or the reason of a rejection.
        since: the earliest time.
        until: the time before which the outcome was written.
    """

    q: str = ""
    site: str = ""
    outcome: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A part of the list.

    Attributes:
        part: the outcomes.
        count: how many there are in all.
        originals: of the outcomes that are copies, what they copy, by its id; those that the store
            does not have are left out.
    """

    part: Part[Stored]
    count: Count
    originals: Mapping[str, OutcomeRecord]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    record: OutcomeRecord
    name: str | None
    original: OutcomeRecord | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the list page answers.

    Attributes:
        listing: what was found; None if nothing could be asked.
        before: the key at which the list begins; None at its first page.
        problems: what is wrong with the query, a sentence each.
        fault: why the store gave no answer; empty if it gave one.
        latest: the latest outcomes, which are shown in place of an answer of the store.
    """

    listing: Listing | None = None
    before: int | None = None
    problems: Sequence[str] = ()
    fault: str = ""
    latest: Sequence[OutcomeView] = ()


def articles(form: Form, answer: Answer, now: float) -> str:
    """The list page, as a whole HTML document.

    Args:
        form: what was typed.
        answer: what is shown.
        now: seconds since the epoch.
    """
    listing = answer.listing
    return render(
        "articles.html",
        now=now,
        path=PATH,
        form=form,
        choices=_CHOICES,
        kinds=KINDS.items(),
        other=OTHER,
        answer=answer,
        latest=[(one, None) for one in answer.latest],
        listing=listing,
        rows=() if listing is None else rows(listing.part.items, listing.originals),
        is_filtered=form != Form(),
        time_field=_time_field,
        older=None
        if listing is None or listing.part.following is None
        else query(form, before=listing.part.following),
        newest=None if answer.before is None else query(form),
    )


def rows(items: Sequence[Stored], originals: Mapping[str, OutcomeRecord]) -> list[_Row]:
    """Outcomes with their links, and with what they copy."""
    return [
        _Row(
            record=one.record,
            name=name_of_page(one.record),
            original=originals.get(one.record.copy_of or ""),
        )
        for one in items
    ]


def query(form: Form, *, before: int | None = None) -> str:
    """The query of a search, with its question mark; `before` is the key at which it goes on."""
    fields = {name: text for name, text in dataclasses.asdict(form).items() if text}
    if before is not None:
        fields["before"] = str(before)
    return "?" + urllib.parse.urlencode(fields, errors="replace")


def _time_field(typed: str) -> str:
    """The type of a field for a time: browsers show other ways to write a time as text only."""
    return "datetime-local" if not typed or _LOCAL_TIME.fullmatch(typed) else "text"


_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?", re.ASCII)

_CHOICES: tuple[tuple[OutcomeTopic, str], ...] = (
    ("clean", "clean (published)"),
    ("duplicate", "duplicate (copies)"),
    ("rejected", "rejected"),
)
