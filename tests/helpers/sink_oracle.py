"""What the tables of a sink have to hold after a history of records, and made-up histories.

Invariant: the oracle looks at the whole history at once, and never at the order in which the
records of different ids come.
"""

import dataclasses

import orjson

from helpers.sunk import CLEAN, DUPLICATES, article, duplicate, query
from streams.consuming.published import article_of


@dataclasses.dataclass
class Tables:
    """Rows by id, as the tests compare them."""

    articles: dict
    duplicates: dict
    takedowns: set
    letters: set


def expected(records):
    """The state after all of these records; those of an id are in their order."""
    gone = {one.named for one in records if one.topic == CLEAN and one.value is None}
    articles, duplicates, links, letters = {}, {}, {}, set()
    for one in records:
        if one.topic == DUPLICATES:
            event = orjson.loads(one.value)
            of = event["duplicate_of"]
            if event["id"] in gone or (of in gone and event["kind"] == "recrawl"):
                continue
            words = (event["duplicate_of_url"], event.get("title"), "lead" in event)
            duplicates[event["id"]] = (None, None, False) if of in gone else words
        elif one.value is not None:
            try:
                row = article_of(one)
            except ValueError:
                if one.named not in gone:
                    letters.add((one.topic, one.partition, one.offset))
                continue
            if row.supersedes:
                links.setdefault(row.supersedes, set()).add(row.id)
            if row.id not in gone:
                articles[row.id] = row.title
    found = {
        one: (title, min(links[one]) if one in links else None) for one, title in articles.items()
    }
    duplicates = {one: words for one, words in duplicates.items() if one not in articles}
    return Tables(found, duplicates, gone, letters)


def history(draw, many):
    """Events in an order that a stream could bring: (topic, event), with redeliveries.

    Args:
        draw: a `random.Random`.
        many: how many of them.
    """
    published, said, copies = [], [], []
    for number in range(1, many + 1):
        choice = draw.random()
        if choice < 0.45 or not published:
            event = article(number, title=f"title {number}")
            published.append(event)
            said.append((CLEAN, event))
        elif choice < 0.6:
            earlier = draw.choice(published)
            event = article(
                number, title=f"revision {number}", revision=2, supersedes=earlier["id"]
            )
            published.append(event)
            said.append((CLEAN, event))
        elif choice < 0.75:
            of = int(draw.choice(published)["id"], 16)
            kind = draw.choice(["recrawl", "near", "exact"])
            words = draw.choice(
                [
                    {"title": f"copy {number}"},
                    {"title": None, "duplicate_of_url": None, "lead": "A"},
                ]
            )
            copies.append(duplicate(number, of, kind=kind, **words))
            said.append((DUPLICATES, copies[-1]))
        elif choice < 0.79 and copies:
            # A replay publishes what was a duplicate.
            event = article(int(draw.choice(copies)["id"], 16), title=f"replay {number}")
            published.append(event)
            said.append((CLEAN, event))
        elif choice < 0.82:
            # A replay of what `dedupe` does not know any more.
            event = draw.choice(published)
            said.append((CLEAN, event | {"revision": 1, "supersedes": None}))
        elif choice < 0.86:
            said.append((CLEAN, int(draw.choice(published)["id"], 16)))
        elif choice < 0.9:
            said.append((CLEAN, draw.choice(published) | {"url": None}))
        else:
            said.append(draw.choice(said))
    return said


def partition_of(event, partitions):
    """The partition of an event: that of its id, as a key's is."""
    number = event if isinstance(event, int) else int(event["id"], 16)
    return number % partitions


def found(database, prefix=""):
    """What the tables hold."""
    articles = query(database, f"SELECT id, title, superseded_by FROM {prefix}article")  # noqa: S608 - of the tests
    copies = query(
        database,
        f"SELECT id, duplicate_of_url, title, cast(extra AS text) FROM {prefix}duplicate",  # noqa: S608 - as above
    )
    takedowns = query(database, f"SELECT id FROM {prefix}takedown")  # noqa: S608 - as above
    letters = query(
        database,
        f"SELECT topic, partition_number, record_offset FROM {prefix}dead_letter",  # noqa: S608 - as above
    )
    return Tables(
        {one: (title, later) for one, title, later in articles},
        {one: (url, title, "lead" in extra) for one, url, title, extra in copies},
        {one for (one,) in takedowns},
        set(letters),
    )
