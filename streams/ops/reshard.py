"""Resharding: the memory of `dedupe`, moved into the layout that the settings ask for.

Invariant: nothing is forgotten on the way. Before anything is read, the layout on the bus says
that it is moving, so that no worker starts; everything is written, and acknowledged, before
anything is taken away; and whoever is stopped half way starts again and comes to the same end.

Articles on their way between shards know the old layout, so there must be none; those that wait
before the first shard may be as many as they like. A record of the changelog says when and not
in which bucket, so another window needs nothing but its new place. A signature of another
version is made anew from the text on `clean-articles`. Where that is gone, an entry of version
`CARRIED` stays as it is: it finds the same copies, and nothing is known of its lead.
"""

import contextlib
import dataclasses
import sqlite3
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Self

import orjson
from kafka import TopicPartition

from cleanwire.dedupe.denylist import is_key
from cleanwire.dedupe.policy import BUCKETS
from cleanwire.dedupe.records import VERSION as WIRE
from cleanwire.dedupe.records import pack_record
from cleanwire.dedupe.shard import CLOCK, Record, home
from cleanwire.similarity.index import MOST_ARTICLES, Entry
from cleanwire.similarity.minhash import VERSION, signature
from streams.errors import OperationalError
from streams.kafka import clients, layout
from streams.kafka.topic_reader import Progress, committed, records, when_coordinated
from streams.kafka.topics import changelog, partitions_of
from streams.runtime import transactions
from streams.settings import Settings
from streams.stage import app_id
from streams.state.data_dir import require_folder

BATCH = 1000
JOINING = 5.0
"""Seconds after which a worker that has looked at the layout is a member of its group."""

CARRIED = 2
"""Entries of this version of the signature lack nothing but the hashes of their leads."""

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
        before: the layout that was.
        after: the layout that is.
        facts: how many decisions are remembered.
        entries: how many articles are matched against.
        signed: how many of them were signed anew.
        carried: how many stay as an older version signed them, for want of their text.
        unsigned: how many cannot be matched any more, for want of their text.
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
    """Move the memory; returns None if it is as the settings ask already.

    Args:
        settings: the layout to come to.
        forget: whether to go on where the text of an article that has to be signed anew is gone.
        progress: called with a topic, how many of its records are read, and how many there are.

    Raises:
        OperationalError: workers run, articles are between shards, a text is gone, or the bus is
            away.
    """
    before = layout.read(settings)
    if before is None:
        raise OperationalError("there is no memory of dedupe yet", "run `cleanwire topics`")
    after = before.of(layout.wanted(settings))
    if before == after:
        return None
    _require_rest(settings, before)
    transactions.require_none(settings, [changelog(settings), settings.topics.clean])
    # No worker starts from here on; one that just did has joined its group soon.
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
            # Nothing is changed yet, unless an earlier try had begun.
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
    # Articles are spread by hash: some shard has a little more than its part.
    room = int(0.99 * MOST_ARTICLES)
    if entries > shards * room:
        raise OperationalError(
            f"{entries} articles do not fit {shards} shards: one holds {room}",
            f"set CLEANWIRE_DEDUPE_SHARDS to {-(-entries // room)} or more",
        )


def _require_rest(settings: Settings, before: layout.Layout) -> None:
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
    """The latest fact and entry of every id, and where they stand, of all partitions."""
    store.executescript(_TABLES)
    with clients.consumer(settings) as consumer:
        for number in range(partitions_of(settings, changelog(settings))):
            for record in records(consumer, changelog(settings), progress, only=number):
                _enter(store, record)
            # A tombstone is of its partition alone: what another one has is not gone.
            store.execute(_MERGE, {"place": 1 << number})
            store.execute("delete from part")
    store.commit()


def _enter(store: sqlite3.Connection, record: Any) -> None:  # noqa: ANN401 - untyped library
    key = record.key.decode()
    if is_key(key):
        # Never taken back, but for what an earlier resharding has moved away.
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
    """Make foreign signatures anew; returns how many were, were carried over, and were neither."""
    foreign = "entry is not null and signature <> ?"
    count = f"select count(*) from memory where {foreign}"  # noqa: S608 - a constant
    (before,) = store.execute(count, (VERSION,)).fetchone()
    if not before:
        return 0, 0, 0
    find = f"select entry from memory where id = ? and {foreign}"  # noqa: S608 - as above
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
    store.execute(f"update memory set entry = null where {foreign}", (VERSION,))  # noqa: S608 - as above
    store.commit()
    return before - textless, textless - left, left


def _widen(settings: Settings, shards: int) -> None:
    """Give the topics a partition a shard; what they have beyond that stays, idle."""
    for topic in (settings.topics.candidates, changelog(settings)):
        if partitions_of(settings, topic) < shards:
            with clients.admin(settings) as admin:
                admin.create_partitions({topic: shards})


def _scatter(
    settings: Settings, store: sqlite3.Connection, before: layout.Layout, after: layout.Layout
) -> tuple[int, int]:
    """Write everything where it belongs now; returns how many facts and entries there are."""
    decisions = entries = 0
    last = after.shards - 1
    # Of a narrower bucket it is not known which; the last of them remembers longest.
    later = max(0.0, before.window - after.window) / BUCKETS
    (latest,) = store.execute("select max(latest) from clock").fetchone()
    with _Writer(settings) as writer:
        for article, decision, entry, _ in store.execute(_IN_ORDER):
            if decision is not None:
                decisions += 1
            if entry is not None:
                entries += 1
            for number, parts in _places(article, decision, entry, after.shards).items():
                writer.put(number, article, {name: _moved(parts[name], later) for name in parts})
        for number in range(last + 1):
            if latest is not None:
                writer.clock(number, latest)
        for key, value, _ in store.execute(_DENIALS):
            writer.send(last, key, value.encode())
        # What is taken away has to stand elsewhere first.
        writer.settle()
        for article, decision, entry, places in store.execute(_IN_ORDER):
            writer.remove(article, places, _places(article, decision, entry, after.shards))
        for key, _, places in store.execute(_DENIALS):
            writer.remove(key, places, {last})
    return decisions, entries


def _places(
    article: str, decision: str | None, entry: str | None, shards: int
) -> dict[int, dict[str, str]]:
    """Which of an article's parts belong to which shards."""
    places: dict[int, dict[str, str]] = {}
    if decision is not None:
        places.setdefault(shards - 1, {})["fact"] = decision
    if entry is not None:
        places.setdefault(home(article, shards), {})["entry"] = entry
    return places


def _moved(part: str, later: float) -> str:
    if not later:
        return part
    fields = orjson.loads(part)
    return orjson.dumps(fields | {"since": fields["since"] + later}).decode()


class _Writer:
    """Writes to the changelog; all of it is acknowledged when its block ends."""

    def __init__(self, settings: Settings) -> None:
        self._topic = changelog(settings)
        self._waiting: list[Any] = []
        self._open = contextlib.ExitStack()
        self._producer = self._open.enter_context(clients.producer(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._open:
            if error[0] is None:
                self.settle()

    def put(self, number: int, article: str, parts: Mapping[str, str]) -> None:
        """A fact, an entry, or both, of an article."""
        fields: dict[str, Any] = {"v": WIRE} | {
            name: orjson.Fragment(text) for name, text in parts.items()
        }
        if "entry" in parts:
            fields["signature"] = VERSION
        self.send(number, article, orjson.dumps(fields))

    def clock(self, number: int, latest: float) -> None:
        """The latest event time."""
        self.send(number, CLOCK, orjson.dumps({"v": WIRE, "latest": latest}))

    def remove(self, key: str, places: int, kept: Collection[int]) -> None:
        """What has moved away from the shards of these bits, but for those where it is kept."""
        for number in range(places.bit_length()):
            if places >> number & 1 and number not in kept:
                self.send(number, key, None)

    def send(self, number: int, key: str, value: bytes | None) -> None:
        """A record as it is to stand there."""
        self._waiting.append(
            self._producer.send(self._topic, value, key=key.encode(), partition=number)
        )
        if len(self._waiting) >= BATCH:
            self.settle()

    def settle(self) -> None:
        """Wait until everything is acknowledged."""
        for future in self._waiting:
            future.get(timeout=clients.TIMEOUT_MS / 1000)
        self._waiting.clear()
