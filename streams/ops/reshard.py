"""Resharding: moves the state of `dedupe` into the layout that the settings ask for.

Invariants:

- No state is lost on the way. Every record is written to its new shard, and acknowledged, before
  any record is deleted from its old one.
- No worker starts meanwhile. Before it reads anything, resharding marks the layout on Kafka as
  moving, and workers refuse to start on such a layout.
- Resharding that was stopped half way can be run again, and reaches the same end.

A candidate on its way between shards depends on the old layout, so there must be none. Any number
of candidates may wait before the first shard. A changelog record holds a time of the event and not
the number of its bucket, so another window only puts the record elsewhere. A signature of another
version is made anew from the text on `clean-articles`. If that text is gone, an entry of version
`CARRIED` stays as it is: it still finds the same copies, but its lead is unknown.
"""

import contextlib
import dataclasses
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
from kafka import TopicPartition

from cleanwire.dedupe.denylist import is_key
from cleanwire.dedupe.policy import BUCKETS
from cleanwire.dedupe.records import VERSION as WIRE
from cleanwire.dedupe.records import pack_record
from cleanwire.dedupe.shard import home
from cleanwire.dedupe.shard_record import CLOCK, Record
from cleanwire.similarity.index import MOST_ARTICLES, Entry
from cleanwire.similarity.minhash import VERSION, signature
from streams.errors import OperationalError
from streams.kafka import clients, layout
from streams.kafka.topic_reader import Progress, committed, records, when_coordinated
from streams.kafka.topics import changelog, partitions_of
from streams.ops.changelog_writer import ChangelogWriter
from streams.runtime import transactions
from streams.settings import Settings
from streams.stage import app_id
from streams.state.data_dir import require_folder

JOINING = 5.0
"""Seconds within which a worker that has read the layout joins its consumer group."""

CARRIED = 2
"""Entries of this signature version lack the hashes of their leads, and nothing else."""

_TABLES = """
create table memory (
    id text primary key, fact text, entry text, signature integer, places integer not null
);
create table clock (latest real not null);
create table denials (key text primary key, value text not null, places integer not null);
create temp table part (id text primary key, fact text, entry text, signature integer);
"""
_MERGE = """
insert into memory select id, fact, entry, signature, :place from part where true
on conflict (id) do update set
    fact = coalesce(excluded.fact, fact),
    entry = coalesce(excluded.entry, entry),
    signature = coalesce(excluded.signature, signature),
    places = places | excluded.places
"""
_DENY = """
insert into denials values (?, ?, ?)
on conflict (key) do update set
    value = case
        when json_extract(excluded.value, '$.denial.order') > json_extract(value, '$.denial.order')
        then excluded.value else value end,
    places = places | excluded.places
"""
_CARRY = """
update memory set entry = json_set(entry, '$.lead', ''), signature = ?
where entry is not null and signature = ?
"""
_DENIALS = "select key, value, places from denials"
_IN_ORDER = """
select id, fact, entry, places from memory
order by json_extract(coalesce(fact, entry), '$.order')
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a resharding did.

    Attributes:
        before: the layout before.
        after: the layout now.
        decisions: how many decisions the state holds.
        entries: how many articles later pages are matched against.
        signed: how many of these articles were signed anew.
        carried: how many keep the signature of an older version, because their text is gone.
        unsigned: how many cannot be matched any more, because their text is gone.
    """

    before: layout.Layout
    after: layout.Layout
    decisions: int
    entries: int
    signed: int
    carried: int
    unsigned: int


def reshard(
    settings: Settings, *, forget: bool = False, progress: Progress = lambda *_: None
) -> Moved | None:
    """Move the state of `dedupe` into the layout that the settings ask for.

    Meanwhile a copy of the state is in a temporary folder below the data folder.

    Args:
        settings: the brokers, and the layout to reach.
        forget: whether to go on if the text of an article that has to be signed anew is gone.
            Copies of such an article will be published again.
        progress: called with a topic, how many of its records are read, and how many there are.

    Returns:
        What was moved; None if the state has the layout already.

    Raises:
        OperationalError: there is no state yet, workers run `dedupe`, candidates are on their way
            between shards, a transaction is open on a topic to read, a record cannot be read, the
            articles do not fit the shards, a text is gone, or Kafka is away. If the topics are not
            changed yet, the old layout stays in force.
    """
    before = layout.read(settings)
    if before is None:
        raise OperationalError("there is no memory of dedupe yet", "run `cleanwire topics`")
    after = before.of(layout.wanted(settings))
    if before == after:
        return None
    _require_rest(settings, before)
    transactions.require_none(settings, [changelog(settings), settings.topics.clean])
    # No worker starts from here on. A worker that read the layout just before joins its group
    # within this time, and the second `_require_rest` then finds it.
    layout.write(settings, dataclasses.replace(before, moving=True))
    time.sleep(JOINING)
    with (
        tempfile.TemporaryDirectory(dir=require_folder(settings)) as folder,
        contextlib.closing(sqlite3.connect(Path(folder) / "memory.sqlite")) as store,
    ):
        try:
            _require_rest(settings, before)
            _gather(settings, store, progress)
            _require_room(store, after.shards)
            signed, carried, unsigned = _sign(settings, store, progress)
            if not forget:
                _require_texts(settings, unsigned)
        except OperationalError:
            # This run has changed nothing. `before` still says "moving" if an earlier run had
            # begun to write.
            layout.write(settings, before)
            raise
        _widen(settings, after.shards)
        decisions, entries = _scatter(settings, store, before, after)
    layout.write(settings, after)
    return Moved(
        before=before,
        after=after,
        decisions=decisions,
        entries=entries,
        signed=signed,
        carried=carried,
        unsigned=unsigned,
    )


def _require_texts(settings: Settings, unsigned: int) -> None:
    if unsigned:
        raise OperationalError(
            f"the texts of {unsigned} articles that have to be signed anew are not on "
            f"{settings.topics.clean} any more",
            "run it with --forget: copies of them will be published again",
        )


def _require_room(store: sqlite3.Connection, shards: int) -> None:
    (entries,) = store.execute("select count(*) from memory where entry is not null").fetchone()
    # A hash spreads the articles over the shards, so some shard gets a little more than its share.
    room = int(0.99 * MOST_ARTICLES)
    if entries > shards * room:
        raise OperationalError(
            f"{entries} articles do not fit {shards} shards: one holds {room}",
            f"set CLEANWIRE_DEDUPE_SHARDS to {-(-entries // room)} or more",
        )


def _require_rest(settings: Settings, before: layout.Layout) -> None:
    """Refuse to go on while a worker runs `dedupe` or candidates are between shards.

    Raises:
        OperationalError: there is a worker or a candidate, or Kafka is away.
    """
    group = app_id(settings, "dedupe")
    with clients.admin(settings) as admin:
        described: Any = when_coordinated(lambda: admin.describe_groups([group]))[group]
    if described["members"]:
        raise OperationalError(
            f"{len(described['members'])} workers run dedupe",
            "stop extract, let dedupe come to the end of candidates, and stop it",
        )
    candidates = settings.topics.candidates
    done = committed(settings, group, candidates)
    with clients.consumer(settings) as consumer:
        places = [TopicPartition(candidates, number) for number in range(1, before.shards)]
        ends = consumer.end_offsets(places) if places else {}
        starts = consumer.beginning_offsets(places) if places else {}
        between = sum(ends[at] - max(starts[at], done.get(at, 0)) for at in places)
    if between and not before.moving:
        raise OperationalError(
            f"{between} records of {candidates} are on their way between shards",
            "start dedupe with the old settings, and let it come to their end",
        )


def _gather(settings: Settings, store: sqlite3.Connection, progress: Progress) -> None:
    """Fill the store with the latest decision and entry of every id, from all partitions.

    `memory.places` and `denials.places` are bit masks: bit n is set if partition n has the id.

    Raises:
        OperationalError: a record or the end of a partition cannot be read.
    """
    store.executescript(_TABLES)
    with clients.consumer(settings) as consumer:
        for number in range(partitions_of(settings, changelog(settings))):
            for record in records(consumer, changelog(settings), progress, only=number):
                _enter(store, record)
            # A tombstone deletes an id from its own partition only, so each partition is read into
            # a table of its own before it is merged.
            store.execute(_MERGE, {"place": 1 << number})
            store.execute("delete from part")
    store.commit()


def _enter(store: sqlite3.Connection, record: Any) -> None:  # noqa: ANN401 - untyped library
    key = record.key.decode()
    if is_key(key):
        # A denial is never deleted. A tombstone for its key comes from an earlier resharding, which
        # had written the denial to another partition before.
        if record.value is not None:
            store.execute(_DENY, (key, record.value.decode(), 1 << record.partition))
        return
    if record.value is None:
        store.execute("delete from part where id = ?", (key,))
        return
    try:
        fields = _fields(record.value)
        if key == CLOCK:
            store.execute("insert into clock values (?)", (fields["latest"],))
            return
        parts = [_text(fields.get(name)) for name in ("fact", "entry")]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        place = f"{record.topic} partition {record.partition} offset {record.offset}"
        raise OperationalError(
            f"unreadable state at {place}: {error!r}", "use the version of Cleanwire that wrote it"
        ) from None
    store.execute(
        "insert or replace into part values (?, ?, ?, ?)", (key, *parts, fields.get("signature"))
    )


def _fields(value: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(value)
    if fields.get("v") != WIRE:
        raise ValueError(f"a record of version {fields.get('v')}, expected {WIRE}")
    return fields


def _text(fields: object) -> str | None:
    return None if fields is None else orjson.dumps(fields).decode()


def _sign(
    settings: Settings, store: sqlite3.Connection, progress: Progress
) -> tuple[int, int, int]:
    """Sign the articles anew whose signature is of another version.

    Raises:
        OperationalError: the end of `clean-articles` cannot be reached.

    Returns:
        How many articles were signed anew; how many keep their old signature, of version
        `CARRIED`; and how many lost their entry, because their text is gone.
    """
    foreign = "entry is not null and signature <> ?"
    count = f"select count(*) from memory where {foreign}"  # noqa: S608 - a constant
    (before,) = store.execute(count, (VERSION,)).fetchone()
    if not before:
        return 0, 0, 0
    find = f"select entry from memory where id = ? and {foreign}"  # noqa: S608 - a constant
    with clients.consumer(settings) as consumer:
        for record in records(consumer, settings.topics.clean, progress):
            row = store.execute(find, ((record.key or b"").decode(), VERSION)).fetchone()
            if row is None or record.value is None:
                continue
            article, text = record.key.decode(), orjson.loads(record.value)["text"]
            old = orjson.loads(row[0])
            entry = Entry.of(signature(text), article=article, sequence=old["order"], bucket=0)
            fields = orjson.loads(pack_record(Record(entry=entry), 1.0))["entry"]
            store.execute(
                "update memory set entry = ?, signature = ? where id = ?",
                (_text(fields | {"since": old["since"]}), VERSION, article),
            )
    (textless,) = store.execute(count, (VERSION,)).fetchone()
    store.execute(_CARRY, (VERSION, CARRIED))
    (left,) = store.execute(count, (VERSION,)).fetchone()
    store.execute(f"update memory set entry = null where {foreign}", (VERSION,))  # noqa: S608 - a constant
    store.commit()
    return before - textless, textless - left, left


def _widen(settings: Settings, shards: int) -> None:
    """Give the topics one partition for each shard. Partitions beyond that stay, and are idle."""
    for topic in (settings.topics.candidates, changelog(settings)):
        if partitions_of(settings, topic) < shards:
            with clients.admin(settings) as admin:
                admin.create_partitions({topic: shards})


def _scatter(
    settings: Settings, store: sqlite3.Connection, before: layout.Layout, after: layout.Layout
) -> tuple[int, int]:
    """Write every part of the state to its new shard, then delete it from the others.

    Returns:
        How many decisions and how many entries there are.
    """
    decisions = entries = 0
    last = after.shards - 1
    # When the window shrinks, one old bucket covers several new ones. The latest of them is
    # taken, so that nothing expires early.
    later = max(0.0, before.window - after.window) / BUCKETS
    (latest,) = store.execute("select max(latest) from clock").fetchone()
    with ChangelogWriter(settings) as writer:
        for article, decision, entry, _ in store.execute(_IN_ORDER):
            if decision is not None:
                decisions += 1
            if entry is not None:
                entries += 1
            for number, parts in _shards_of(article, decision, entry, after.shards).items():
                writer.put(number, article, {name: _later(parts[name], later) for name in parts})
        for number in range(last + 1):
            if latest is not None:
                writer.clock(number, latest)
        for key, value, _ in store.execute(_DENIALS):
            writer.send(last, key, value.encode())
        # A part is deleted only after its copy elsewhere is acknowledged.
        writer.settle()
        for article, decision, entry, places in store.execute(_IN_ORDER):
            writer.remove(article, places, _shards_of(article, decision, entry, after.shards))
        for key, _, places in store.execute(_DENIALS):
            writer.remove(key, places, {last})
    return decisions, entries


def _shards_of(
    article: str, decision: str | None, entry: str | None, shards: int
) -> dict[int, dict[str, str]]:
    """The parts of an article, as JSON by field name, by the number of the shard they belong to.

    The last shard keeps all decisions. The entry belongs to the home shard of the article's id.
    """
    places: dict[int, dict[str, str]] = {}
    if decision is not None:
        places.setdefault(shards - 1, {})["fact"] = decision
    if entry is not None:
        places.setdefault(home(article, shards), {})["entry"] = entry
    return places


def _later(part: str, seconds: float) -> str:
    """A part as JSON, with its bucket so many seconds later."""
    if not seconds:
        return part
    fields = orjson.loads(part)
    return orjson.dumps(fields | {"since": fields["since"] + seconds}).decode()
