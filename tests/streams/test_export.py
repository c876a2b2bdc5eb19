"""The files of an export: what is in them after articles, revisions and takedowns, and after a kill at any point."""

import datetime as dt
import random
import sqlite3

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from helpers import schemas, sunk
from helpers.sunk import article, id_of, record
from streams.consuming.follower import PartitionId
from streams.errors import OperationalError
from streams.export import day_file, exporting, folder_index
from streams.export.day_file import SCHEMA, write_day
from streams.export.folder_index import FolderIndex

PLACE = PartitionId(sunk.CLEAN, "T", 0)


class Folder:
    """A folder and its account, without Kafka."""

    def __init__(self, path):
        self.path = path
        (path / ".cleanwire").mkdir(parents=True, exist_ok=True)
        self.index = FolderIndex(path / ".cleanwire" / "index.sqlite")
        self.at = self.index.kept().get(PLACE, 0)

    def take(self, *events):
        records = [record(event, self.at + n) for n, event in enumerate(events)]
        self.at += len(events)
        self.index.take([(one, exporting._read(one)) for one in records], {PLACE: self.at})
        return self

    def write(self):
        days = self.index.changed_days()
        for day in days:
            write_day(self.path, self.path / ".cleanwire" / day_file.ASIDE, self.index, day)
            self.index.written(day)
        return days

    def files(self):
        return sorted(str(one.relative_to(self.path)) for one in self.path.glob("day=*/*"))

    def rows(self, columns="id, superseded_by, cast(day as varchar)"):
        files = f"{self.path}/*/*.parquet"
        if not self.files():
            return []
        query = (
            f"SELECT {columns} FROM read_parquet('{files}', hive_partitioning = true) ORDER BY id"  # noqa: S608 - of the tests
        )
        return duckdb.sql(query).fetchall()


@pytest.fixture
def folder(tmp_path):
    found = Folder(tmp_path / "out")
    yield found
    found.index.close()


def on(day, number, **more):
    return article(number, fetched_at=f"2026-11-{day:02}T08:00:00Z", **more)


def test_a_row_has_every_column_with_its_type(folder):
    event = schemas.example("clean-article") | {"robots": ["noindex"]}
    folder.take(event).write()
    (row,) = pyarrow.dataset.dataset(folder.path, partitioning="hive").to_table().to_pylist()
    assert row.pop("day") == "2026-11-02"
    assert row.pop("extra").startswith('{"signature":"AwFo')
    assert row == {
        **{
            name: event[name]
            for name in SCHEMA.names
            if name in event and name not in ("fetched_at", "source")
        },
        "published_date": dt.date(2026, 11, 2),
        "published_instant": dt.datetime(2026, 11, 2, 7, 30, tzinfo=dt.UTC),
        "modified_date": None,
        "modified_instant": None,
        "fetched_at": dt.datetime(2026, 11, 2, 8, 0, 5, tzinfo=dt.UTC),
        "superseded_by": None,
        "source_topic": "raw-pages",
        "source_partition": 2,
        "source_offset": 41,
    }
    found = pq.read_metadata(folder.path / "day=2026-11-02" / "articles.parquet")
    assert found.metadata[b"cleanwire.export"] == b"1"
    assert found.row_group(0).column(0).compression == "ZSTD"


def test_duckdb_reads_the_files_as_a_table(folder):
    folder.take(on(2, 1), on(3, 2), on(3, 3)).write()
    assert folder.rows() == [
        (id_of(1), None, "2026-11-02"),
        (id_of(2), None, "2026-11-03"),
        (id_of(3), None, "2026-11-03"),
    ]
    types = folder.rows(
        "id, typeof(authors), typeof(fetched_at), typeof(published_date), typeof(text)"
    )
    assert types[0][1:] == ("VARCHAR[]", "TIMESTAMP WITH TIME ZONE", "DATE", "VARCHAR")


def test_a_file_that_is_being_written_is_in_no_pattern_of_a_reader(folder, monkeypatch):
    folder.take(on(1, 1)).write()
    flush, seen = day_file._flush, []
    monkeypatch.setattr(day_file, "_flush", lambda path: (seen.append(folder.rows()), flush(path)))
    folder.take(on(1, 2)).write()
    # The first flush is that of the whole file, before it is renamed.
    assert seen[0] == [(id_of(1), None, "2026-11-01")]
    assert len(seen[-1]) == 2


def test_a_revision_and_a_takedown_write_the_days_anew_that_they_touch(folder):
    folder.take(on(1, 1), on(2, 2), on(3, 3)).write()
    assert folder.take(on(3, 4, supersedes=id_of(1), revision=2), 2).write() == [
        "2026-11-01",
        "2026-11-02",
        "2026-11-03",
    ]
    assert folder.rows() == [
        (id_of(1), id_of(4), "2026-11-01"), (id_of(3), None, "2026-11-03"), (id_of(4), None, "2026-11-03"),
    ]  # fmt: skip
    assert folder.files() == ["day=2026-11-01/articles.parquet", "day=2026-11-03/articles.parquet"]
    assert not (folder.path / "day=2026-11-02").exists()
    # After the takedown, a redelivery of the article, and of all others, changes no day.
    revision = on(3, 4, supersedes=id_of(1), revision=2)
    assert folder.take(on(2, 2), 2, on(1, 1), on(3, 3), revision).write() == []
    assert folder.take(4).write() == ["2026-11-03"]
    assert folder.take(revision).write() == []


@pytest.mark.parametrize("again", [{}, {"supersedes": None, "revision": 1}])
def test_an_article_that_is_replayed_after_its_successor_is_not_the_newest(folder, again):
    folder.take(on(1, 1), on(2, 2, supersedes=id_of(1), revision=2)).write()
    replayed = on(2, 2, **{"supersedes": id_of(1), "revision": 2} | again, title="mended")
    folder.take(replayed).write()
    # The page had no time of its own: it counts as fetched when it is replayed.
    folder.take(on(4, 1, title="mended")).write()
    assert folder.rows("id, superseded_by, title, cast(day as varchar)") == [
        (id_of(1), id_of(2), "mended", "2026-11-04"),
        (id_of(2), None, "mended", "2026-11-02"),
    ]


def test_what_is_taken_down_is_nowhere_in_the_folder(folder):
    secret = "zqxj-the-withdrawn-words-zqxj"  # noqa: S105 - a text
    folder.take(on(1, 1, text=secret), on(1, 2)).take(1).write()
    folder.take(on(1, 3, text=secret)).write()
    folder.take(3).write()
    folder.index.close()
    for file in folder.path.rglob("*"):
        assert file.is_dir() or secret.encode() not in file.read_bytes(), file
    assert [row[0] for row in Folder(folder.path).rows()] == [id_of(2)]


def test_what_is_no_event_is_counted_and_named(folder):
    folder.take(b"{", on(1, 1), on(1, 2, revision=1 << 63)).write()
    assert [row[0] for row in folder.rows()] == [id_of(1)]
    with sqlite3.connect(folder.path / ".cleanwire" / "index.sqlite") as account:
        found = account.execute("SELECT record_offset, reason FROM unreadable").fetchall()
    account.close()
    assert found == [(0, "the value is no JSON"), (2, "a number is out of range")]


def test_a_day_of_many_row_groups_is_written_anew_whole(folder, monkeypatch):
    monkeypatch.setattr(day_file, "GROUP_BYTES", 20_000)
    monkeypatch.setattr(day_file, "BATCH_ROWS", 7)
    folder.take(*(on(1, n) for n in range(100))).write()
    file = folder.path / "day=2026-11-01" / "articles.parquet"
    assert pq.read_metadata(file).num_row_groups > 5
    folder.take(5, on(1, 200, supersedes=id_of(7))).write()
    rows = folder.rows()
    assert [row[0] for row in rows] == [id_of(n) for n in (*range(100), 200) if n != 5]
    assert [row[0] for row in rows if row[1]] == [id_of(7)]


class KilledError(Exception):
    pass


def made_up(draw):
    """Articles of four days, revisions and takedowns."""
    events, made = [], []
    for number in range(60):
        choice = draw.random()
        if choice < 0.1 and made:
            events.append(draw.choice(made))
            continue
        if choice < 0.2 and made:
            # A replay of what `dedupe` does not know any more.
            again = draw.choice([one for one in events if isinstance(one, dict)])
            day = f"2026-11-{draw.randint(1, 4):02}T08:00:00Z"
            events.append(again | {"supersedes": None, "revision": 1, "fetched_at": day})
            continue
        more = {}
        if choice < 0.4 and made:
            more = {"supersedes": id_of(draw.choice(made)), "revision": 2}
        made.append(number)
        events.append(on(draw.randint(1, 4), number, **more))
    return events


def wanted(events):
    """The rows that have to be there after all of them."""
    gone = {id_of(one) for one in events if isinstance(one, int)}
    articles = [one for one in events if isinstance(one, dict)]
    links = {}
    for one in articles:
        links.setdefault(one["supersedes"], []).append(one["id"])
    links.pop(None, None)
    last = {one["id"]: one for one in articles if one["id"] not in gone}
    return sorted(
        (one["id"], min(links.get(one["id"], [None])), one["fetched_at"][:10])
        for one in last.values()
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_point_loses_and_doubles_nothing(seed, tmp_path, monkeypatch):
    draw = random.Random(seed)
    events = made_up(draw)
    left = [0]

    def count(*_):
        left[0] -= 1
        if left[0] == 0:
            raise KilledError

    real = day_file._flush, FolderIndex.written, FolderIndex._move
    monkeypatch.setattr(day_file, "_flush", lambda path: (count(), real[0](path)))
    monkeypatch.setattr(FolderIndex, "written", lambda self, day: (count(), real[1](self, day)))
    monkeypatch.setattr(
        FolderIndex, "_move", lambda self, offsets: (count(), real[2](self, offsets))
    )
    kills = 0
    while True:
        folder = Folder(tmp_path)
        left[0] = draw.randint(1, 12) if kills < 25 else 10_000
        try:
            while folder.at < len(events):
                many = draw.randint(1, 15)
                folder.take(*events[folder.at : folder.at + many])
                folder.write()
            folder.write()
        except KilledError:
            kills += 1
            # A kill runs no `finally`.
            (tmp_path / ".cleanwire" / day_file.ASIDE).write_bytes(b"half a file")
            folder.index._connection.close()
        else:
            break
    assert kills >= 5
    assert folder.rows() == wanted(events)
    folder.index.close()


def test_a_file_that_lacks_what_it_had_is_not_taken_for_whole(folder):
    folder.take(on(1, 1), on(1, 2)).write()
    (folder.path / "day=2026-11-01" / "articles.parquet").unlink()
    with pytest.raises(OperationalError, match="has 1 of the 3 articles"):
        folder.take(on(1, 3)).write()


@pytest.mark.parametrize("damage", ["cut", "no parquet", "overwritten", "another table"])
def test_a_damaged_file_ends_in_one_line_that_names_it(folder, damage):
    folder.take(on(1, 1), on(1, 2)).write()
    file = folder.path / "day=2026-11-01" / "articles.parquet"
    content = file.read_bytes()
    if damage == "another table":
        pq.write_table(pa.table({"a": [1]}), file)
    else:
        half = {"cut": content[:-20], "no parquet": b"x" * 99}
        file.write_bytes(half.get(damage, content[:400] + bytes(300) + content[700:]))
    damaged = file.read_bytes()
    with pytest.raises(OperationalError, match="name an empty folder") as caught:
        folder.take(on(1, 3)).write()
    assert str(file) in str(caught.value)
    assert file.read_bytes() == damaged


def test_one_export_at_a_time_works_on_a_folder_of_its_own(tmp_path):
    with (
        exporting._locked(tmp_path / "a"),
        pytest.raises(OperationalError, match="another export"),
        exporting._locked(tmp_path / "a"),
    ):
        pass
    (tmp_path / "b" / "day=2026-11-01").mkdir(parents=True)
    with pytest.raises(OperationalError, match="did not write"), exporting._locked(tmp_path / "b"):
        pass


def test_the_account_of_a_newer_version_is_left_alone(folder, monkeypatch):
    folder.index.close()
    monkeypatch.setattr(folder_index, "VERSION", 0)
    with pytest.raises(OperationalError, match="a newer Cleanwire made"):
        Folder(folder.path)
