"""The query of the list -> a filter, or sentences that say what is wrong with it.

Invariant: any query gives an answer. What cannot be understood is named in a sentence with the fix,
and is never left out silently.
"""

import dataclasses
import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import get_args

from streams.kafka.outcome_topics import OutcomeTopic
from streams.web.pages.articles import Form
from streams.web.store.model import Filter
from streams.web.store.record import KINDS, OTHER
from streams.web.store.search import filter_of

OUTCOMES: tuple[OutcomeTopic, ...] = get_args(OutcomeTopic)

KEY = re.compile(r"[0-9]{1,18}")
"""A key at which a list goes on."""

_SHOWN = 40
"""Characters of a wrong value that a sentence quotes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the query of the list asks for.

    Attributes:
        form: the fields as they were typed.
        wanted: the filter.
        before: the key at which the part begins; None for the newest outcomes.
        problems: what is wrong, a sentence each; if there are any, the rest is not to be used.
    """

    form: Form
    wanted: Filter
    before: int | None
    problems: tuple[str, ...]


def query_of(given: Mapping[str, str]) -> Query:
    """Read the query of the list.

    Args:
        given: the parameters of the request; unknown ones are ignored.
    """
    form = Form(
        **{field.name: given.get(field.name, "").strip() for field in dataclasses.fields(Form)}
    )
    problems: list[str] = []
    wanted = filter_of(form.q) if form.q else Filter()
    if wanted.words is not None and not any(sign.isalnum() for sign in wanted.words):
        problems.append(f"The search {_quoted(form.q)} has no letter and no digit; add a word.")
    outcomes: frozenset[OutcomeTopic] = frozenset(one for one in OUTCOMES if one == form.outcome)
    if form.outcome and not outcomes:
        problems.append(
            f"There is no outcome {_quoted(form.outcome)}; choose {', '.join(OUTCOMES)}."
        )
    known = {OTHER, *(kind for kinds in KINDS.values() for kind in kinds)}
    if form.kind and form.kind not in known:
        problems.append(f"There is no kind or reason {_quoted(form.kind)}; choose one of the list.")
    elif form.kind and outcomes and form.kind not in (*KINDS[next(iter(outcomes))], OTHER):
        problems.append(
            f"No {form.outcome} page has the kind {form.kind}; choose another kind, or any outcome."
        )
    since = _time(form.since, "from", problems)
    until = _time(form.until, "until", problems)
    if since is not None and until is not None and since >= until:
        problems.append("The time range is empty; its end must be after its beginning.")
    before = given.get("before", "").strip()
    if before and not KEY.fullmatch(before):
        problems.append(
            f"The list cannot go on at {_quoted(before)}, which is no key; start at its first page."
        )
        before = ""
    return Query(
        form=dataclasses.replace(
            form, since=_typed(since, form.since), until=_typed(until, form.until)
        ),
        wanted=dataclasses.replace(
            wanted,
            site=form.site.lower() or None,
            outcomes=outcomes,
            kinds=frozenset({form.kind} if form.kind else ()),
            since=since,
            until=until,
        ),
        before=int(before) if before else None,
        problems=tuple(problems),
    )


def _time(text: str, name: str, problems: list[str]) -> int | None:
    """Milliseconds since the epoch; None if there is no time, or after it was named a problem."""
    if not text:
        return None
    try:
        at = dt.datetime.fromisoformat(text.upper())
        if at.tzinfo is None:
            at = at.replace(tzinfo=dt.UTC)
        # Without parts of a second, as the form shows it again.
        return max(0, 1000 * math.floor(at.astimezone(dt.UTC).timestamp()))
    except (ValueError, OverflowError):
        problems.append(
            f"The time {_quoted(text)} in {_quoted(name)} cannot be read; "
            "write it like 2026-11-03T10:00 (UTC)."
        )
        return None


def _typed(at: int | None, text: str) -> str:
    """A time as the input element of a form writes it; a text that is none stays as it is."""
    if at is None:
        return text
    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).replace(tzinfo=None).isoformat()


def _quoted(text: str) -> str:
    return f"“{text[:_SHOWN]}…”" if len(text) > _SHOWN else f"“{text}”"
