"""Collects one page's story: from the store, from Kafka, and by cleaning the page again.

Invariants:

- What cannot be had is a sentence in the story, never an error.
- Nothing of a page that was taken down is read. What an outcome names as its raw record is read if
  it is on the topic of raw pages: the text of a withdrawn article may still be on another topic.
- Cleaning and comparing happen in the explainer's process, within `EXPLAIN_SECONDS` for a page.
"""

import asyncio
import dataclasses
import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from cleanwire.errors import PageRejected
from cleanwire.events import CleanArticle, Source, from_json
from cleanwire.explain import Explanation, differences
from streams.errors import OperationalError
from streams.runtime.explainer import ENDING, ExplainerBusyError, Explains
from streams.web.articles.record_reader import Missing, Read, Records
from streams.web.pages.article import Comparison, Known, Looked, fault_of
from streams.web.pages.article_links import filter_by_name
from streams.web.store import queries, search
from streams.web.store.model import Count, Filter, OutcomeRecord, Part, Place, Stored

EXPLAIN_SECONDS = 25.0
"""Seconds that a page waits until it is cleaned again and compared."""

PART = 20
"""Entries of a part of the timeline and of the copies."""

NOT_RAW = "The outcome names a record of another topic as its raw record, so it is not read."

_SAME_NAME = 20
"""Outcomes of one name among which the page's own is chosen."""


def outcome_of(connection: sqlite3.Connection, name: str) -> OutcomeRecord | None:
    """The outcome of a page by its name; None if the store has none.

    An article may have several outcomes. A takedown counts most, then that it was published.
    """
    wanted = filter_by_name(name)
    if wanted is None:
        return None
    found = [one.record for one in search.search(connection, wanted, limit=_SAME_NAME).items]
    for record in found:
        if record.kind == "withdrawn":
            return record
    return next((one for one in found if one.outcome == "clean"), next(iter(found), None))


def known_of(
    connection: sqlite3.Connection, name: str, before: Mapping[str, int | None]
) -> Known | None:
    """What the store knows of a page; None if it knows nothing.

    Args:
        connection: an open store.
        name: the page's name in the view.
        before: where the parts `timeline` and `copies` begin; None for their first page.
    """
    seen = outcome_of(connection, name)
    if seen is None:
        return None
    wanted = Filter(url=seen.url) if seen.url else filter_by_name(name)
    timeline = search.search(
        connection, wanted or Filter(), limit=PART, before=before.get("timeline")
    )
    copies: Part[Stored] = Part(items=(), following=None)
    count = Count(number=0, more=False)
    if seen.article is not None and seen.outcome == "clean":
        copies = queries.copies(connection, seen.article, limit=PART, before=before.get("copies"))
        count = queries.count_copies(connection, seen.article)
    return Known(
        name=name,
        seen=seen,
        timeline=timeline,
        copies=copies,
        count=count,
        originals=originals(connection, seen, *(one.record for one in timeline.items)),
        before=before,
    )


def originals(connection: sqlite3.Connection, *records: OutcomeRecord) -> dict[str, OutcomeRecord]:
    """The published articles that some outcomes name: what they copy or supersede; by id."""
    found = {}
    for name in {name for one in records for name in (one.copy_of, one.supersedes)}:
        original = None if name is None else queries.article(connection, name)
        if original is not None and name is not None:
            found[name] = original.record
    return found


async def looked_at(known: Known, records: Records, explainer: Explains) -> Looked:
    """Read the records of a page, clean it again, and compare its text.

    Args:
        known: what the store knows of the page.
        records: reads records.
        explainer: cleans and compares.
    """
    seen = known.seen
    if seen.kind == "withdrawn":
        return Looked(explanation_fault="The page was taken down, so its text is not shown.")
    other = known.originals.get(seen.copy_of or seen.supersedes or "")
    places: dict[str, Place] = {}
    is_raw = seen.source is None or seen.source.topic == records.raw_topic
    if seen.source is not None and is_raw:
        places["raw"] = seen.source
    if seen.outcome == "clean":
        places["own"] = seen.place
    if other is not None:
        places["other"] = other.place
    read = dict(zip(places, await records.read(list(places.values())), strict=True))
    raw = read.get("raw") if is_raw else Missing(why=NOT_RAW)
    explanation, explanation_fault = await _explained(raw, explainer)
    published, published_fault = published_of(read.get("own"))
    own = explanation.article if explanation else None
    made = own or (explanation.would_be if explanation else None)
    text = published.text if published else made.text if made else None
    asked: list[tuple[str | None, Read | str | None, Comparison]] = []
    if seen.copy_of is not None:
        asked.append((text, read.get("other"), Comparison(with_="original")))
    elif seen.supersedes is not None:
        asked.append((text, read.get("other"), Comparison(with_="revision")))
    if own and published and own.text != published.text:
        asked.append((own.text, published.text, Comparison(with_="published")))
    comparisons = [await _compared(mine, theirs, one, explainer) for mine, theirs, one in asked]
    return Looked(
        explanation=explanation,
        explanation_fault=explanation_fault,
        published=published,
        published_fault=published_fault,
        differences=differences(own, published) if own and published else (),
        comparisons=tuple(comparisons),
    )


async def _explained(read: Read | None, explainer: Explains) -> tuple[Explanation | None, str]:
    if read is None:
        return (
            None,
            "The outcome does not name its raw record, so the page cannot be cleaned again.",
        )
    if isinstance(read, Missing):
        return None, read.why
    try:
        async with asyncio.timeout(EXPLAIN_SECONDS):
            return await explainer.explain(read.raw), ""
    except TimeoutError:
        return None, f"The page could not be cleaned again within {EXPLAIN_SECONDS:g} seconds."
    except (ExplainerBusyError, OperationalError) as error:
        return None, f"The page was not cleaned again: {error}."
    except RuntimeError:
        return None, ENDING


async def _compared(
    mine: str | None, theirs: Read | str | None, one: Comparison, explainer: Explains
) -> Comparison:
    other, why = _text_of(theirs)
    if other is not None and mine is None:
        why = "The text of this page could not be made again, so it cannot be compared."
    if other is None or mine is None:
        return dataclasses.replace(one, why_not=why)
    try:
        async with asyncio.timeout(EXPLAIN_SECONDS):
            result = await explainer.explain_copy(mine, other)
    except TimeoutError:
        why = f"The texts could not be compared within {EXPLAIN_SECONDS:g} seconds."
    except (ExplainerBusyError, OperationalError) as error:
        why = f"The texts were not compared: {error}."
    except RuntimeError:
        why = ENDING
    else:
        if not isinstance(result, PageRejected):
            return dataclasses.replace(one, result=result)
        why = fault_of(result)
    return dataclasses.replace(one, why_not=why)


def _text_of(read: Read | str | None) -> tuple[str | None, str]:
    """The text of another article, or why there is none."""
    if isinstance(read, str):
        return read, ""
    if read is None:
        return None, "The store does not have the other article, so its text cannot be found."
    article, why = published_of(read)
    return (article.text if article else None), why


def published_of(read: Read | None) -> tuple[CleanArticle | None, str]:
    """The published article in a record, or why there is none; neither if nothing was read."""
    if read is None:
        return None, ""
    if isinstance(read, Missing):
        return None, read.why
    if read.value is None:
        return None, "The article was withdrawn."
    try:
        return _article(orjson.loads(read.value)), ""
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, "The record is no article as this version writes it."


def _article(event: Mapping[str, Any]) -> CleanArticle:
    """An event of the topic of clean articles as its type.

    The signature is empty, and there are no blocks, where the event was published without them.

    Raises:
        ValueError: a text is none.
        TypeError, KeyError, AttributeError: the event has another shape.
    """
    names = {field.name for field in dataclasses.fields(CleanArticle)}
    fields = {name: value for name, value in event.items() if name in names}
    # Other programs may write null for an empty list.
    fields |= {name: fields.get(name) or [] for name in ("tags", "blocks")}
    fields.setdefault("signature", "")
    article = CleanArticle(**from_json(fields | {"source": Source(**fields["source"])}))
    texts = (article.text, article.cleaner, *(block.text for block in article.blocks))
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a text is none")
    return article
