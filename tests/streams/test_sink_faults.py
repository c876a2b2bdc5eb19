"""What a database refuses, and a database that fails: which rows go in, what is tried again, what is said."""

import contextlib
import signal
import threading
import time

import orjson
import pytest
import sqlalchemy as sa

from helpers import sunk
from helpers.postgres import PASSWORD
from helpers.sunk import article, duplicate, id_of, record
from streams.consuming.follower import PartitionId
from streams.errors import OperationalError
from streams.sink import database as databases
from streams.sink import faults, kept_offsets
from streams.sink.database import Database
from streams.sink.tables import Tables
from streams.testing.ports import free_port

PLACE = PartitionId(sunk.CLEAN, "T", 0)
HUGE = 1 << 63


def begun(database):
    database.run(lambda connection: kept_offsets.begin(connection, database.tables, {PLACE: 0}))
    return database


@pytest.fixture
def opened(database_url):
    with sunk.opened(database_url) as database:
        yield begun(database)


@pytest.fixture
def on_postgres(postgres):
    with sunk.opened(postgres.url(postgres.new_database())) as database:
        yield begun(database)


def enter(database, *events, before=0):
    records = [record(event, before + n) for n, event in enumerate(events)]
    return sunk.enter(database, records, before, before + len(events))


def ids(database):
    return [int(row[0], 16) for row in sunk.rows(database, "article", "id")]


def letters(database):
    return sunk.rows(database, "dead_letter", "record_offset", "reason")


def test_one_refused_row_is_a_dead_letter_and_all_others_go_in(opened):
    # A number that no column of either database takes.
    events = [article(n, revision=HUGE if n in (3, 40) else 1) for n in range(64)]
    assert len(enter(opened, *events)) == 2
    assert ids(opened) == [n for n in range(64) if n not in (3, 40)]
    assert [row[0] for row in letters(opened)] == [3, 40]
    (value, *_) = sunk.rows(opened, "dead_letter", "value")[0]
    assert orjson.loads(bytes(value))["id"] in (id_of(3), id_of(40))
    assert sunk.rows(opened, "kafka_offset", "next_offset") == [(64,)]


def test_a_character_that_postgresql_has_not_is_a_dead_letter(on_postgres):
    nul = "a\0b"
    enter(
        on_postgres,
        article(1),
        article(2, title=nul),
        article(3, tags=[nul]),
        article(4, more={nul: 1}),
    )
    assert ids(on_postgres) == [1]
    assert [row[0] for row in letters(on_postgres)] == [1, 2, 3]


def test_sqlite_keeps_the_character_that_postgresql_refuses(tmp_path):
    with sunk.opened(f"sqlite:///{tmp_path}/a.db") as database:
        enter(begun(database), article(1, title="a\0b"))
        assert sunk.rows(database, "article", "title") == [("a\0b",)]


def test_a_url_of_any_length_is_indexed(opened):
    long = "https://s.example/" + "".join(chr(33 + (n * n + n // 7) % 90) for n in range(20_000))
    assert enter(opened, article(1, url=long)) == []
    # Redelivered, and a second row with this URL.
    assert enter(opened, article(1, url=long), article(2, url=long), before=1) == []
    assert len(ids(opened)) == 2


def test_an_index_of_the_users_that_takes_no_long_row(on_postgres):
    sunk.do(on_postgres, "CREATE INDEX mine ON article (title)")
    long = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(9000))
    enter(on_postgres, article(1), article(2, title=long), article(3))
    assert ids(on_postgres) == [1, 3]
    ((_, reason),) = letters(on_postgres)
    assert reason.startswith("54000: index row ")


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE article ADD CONSTRAINT mine CHECK (word_count < 100)"],
        [
            "ALTER TABLE article ADD COLUMN mine text UNIQUE DEFERRABLE INITIALLY DEFERRED",
            (
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN NEW.mine = CASE WHEN NEW.word_count > 99 THEN 'x' END; RETURN NEW; END $$"
            ),
            "CREATE TRIGGER t BEFORE INSERT ON article FOR EACH ROW EXECUTE FUNCTION f()",
            (
                "INSERT INTO article SELECT 'x', 'u', c.* FROM (SELECT null, null, null, null, '{}'::text[], null, null::date, "
                "null::timestamptz, null, null::date, null::timestamptz, null, null, 't', 500, null, null, '{}'::text[], null::boolean, "
                "'{}'::text[], now(), 1, null, null, null, 't', 0, 0, '{}'::jsonb, now()) c"
            ),
        ],
        [
            (
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN IF NEW.word_count > 99 THEN RAISE EXCEPTION 'no' USING ERRCODE = 'MY001'; END IF; RETURN NEW; END $$"
            ),
            "CREATE TRIGGER t BEFORE INSERT ON article FOR EACH ROW EXECUTE FUNCTION f()",
        ],
    ],
    ids=["check", "deferred", "trigger"],
)
def test_what_the_user_added_refuses_its_rows_only(on_postgres, statements):
    sunk.do(on_postgres, *statements)
    before = sunk.rows(on_postgres, "article", "id")
    enter(on_postgres, *(article(n, word_count=500 if n == 5 else 50) for n in range(9)))
    assert set(sunk.rows(on_postgres, "article", "id")) - set(before) == {
        (id_of(n),) for n in range(9) if n != 5
    }
    assert [row[0] for row in letters(on_postgres)] == [5]


def test_what_the_user_added_to_sqlite_refuses_its_rows_only(tmp_path):
    with sunk.opened(f"sqlite:///{tmp_path}/a.db") as database:
        begun(database)
        sunk.do(
            database,
            "CREATE TRIGGER t BEFORE INSERT ON article WHEN NEW.word_count > 99 BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        enter(database, *(article(n, word_count=500 if n == 5 else 50) for n in range(9)))
        assert ids(database) == [n for n in range(9) if n != 5]
        assert letters(database) == [(5, "no")]


def test_a_database_in_another_encoding_takes_what_it_has(postgres):
    with sunk.opened(postgres.url(postgres.new_database("LATIN1"))) as database:
        enter(begun(database), article(1, title="Café"), article(2, title="東京"), article(3))
        assert ids(database) == [1, 3]
        ((_, reason),) = letters(database)
        assert reason.startswith("22P05: ")


def test_a_takedown_that_is_refused_ends_the_sink_and_is_no_dead_letter(on_postgres):
    enter(on_postgres, article(1))
    sunk.do(
        on_postgres,
        "CREATE TABLE mine (of text REFERENCES article)",
        "INSERT INTO mine SELECT id FROM article",
    )
    with pytest.raises(OperationalError, match=f"refuses the takedown of {id_of(1)}"):
        enter(on_postgres, article(2), 1, before=1)
    assert ids(on_postgres) == [1]
    assert letters(on_postgres) == []
    sunk.do(on_postgres, "DROP TABLE mine")
    enter(on_postgres, article(2), 1, before=1)
    assert ids(on_postgres) == [2]


def test_an_id_twice_in_a_batch_is_no_error_of_an_upsert(opened):
    assert enter(opened, article(1, title="one"), article(2), article(1, title="two")) == []
    assert sunk.rows(opened, "article", "title")[-1] == ("two",)


def test_a_server_that_crashes_is_waited_for_and_nothing_is_lost(postgres):
    with sunk.opened(postgres.url(postgres.new_database())) as database:
        enter(begun(database), article(1))
        waits = []

        def pause(seconds):
            waits.append(seconds)
            if len(waits) == 3:
                postgres.start()

        database.pause = pause
        postgres.stop(signal.SIGQUIT)
        assert enter(database, article(2), article(3), before=1) == []
        assert len(waits) >= 3
        assert ids(database) == [1, 2, 3]
        assert letters(database) == []


def test_a_session_that_is_ended_is_made_again(on_postgres):
    sunk.do(
        on_postgres,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'cleanwire sink' AND datname = current_database()",
    )
    assert enter(on_postgres, article(1)) == []
    assert ids(on_postgres) == [1]


def test_a_deadlock_is_tried_again_and_makes_no_dead_letter(on_postgres):
    enter(on_postgres, article(1), article(2))
    ready = threading.Barrier(2)
    done = []

    def rival():
        with contextlib.closing(sunk.raw(on_postgres)) as connection, connection.transaction():
            connection.execute("SET LOCAL deadlock_timeout = '10s'")
            connection.execute("UPDATE article SET site = 'x' WHERE id = %s", [id_of(2)])
            ready.wait(10)
            time.sleep(0.3)
            connection.execute("UPDATE article SET site = 'x' WHERE id = %s", [id_of(1)])
        done.append(True)

    thread = threading.Thread(target=rival)
    thread.start()
    ready.wait(10)
    assert enter(on_postgres, article(1, title="new"), article(2, title="new"), before=2) == []
    thread.join()
    assert done == [True]
    assert sunk.rows(on_postgres, "article", "title") == [("new",), ("new",)]
    assert letters(on_postgres) == []


def test_another_program_that_writes_to_the_file_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.1)
    with sunk.opened(f"sqlite:///{tmp_path}/a.db") as database:
        begun(database)
        with contextlib.closing(sunk.raw(database)) as other:
            other.execute("BEGIN IMMEDIATE")
            database.pause = lambda _: other.in_transaction and other.rollback()
            assert enter(database, article(1)) == []
        assert ids(database) == [1]
        assert letters(database) == []


def test_a_fault_that_lasts_ends_in_one_line_without_the_password(postgres, monkeypatch):
    monkeypatch.setattr(databases, "RETRY_SECONDS", 1.0)
    with sunk.opened(postgres.url(postgres.new_database())) as database:
        begun(database)
        postgres.stop()
        try:
            with pytest.raises(OperationalError) as caught:
                enter(database, article(1, title="the title"))
        finally:
            postgres.start()
        line = str(caught.value)
        assert "\n" not in line
        assert PASSWORD not in line
        assert "the title" not in line
        assert f"the database postgresql://cleanwire@127.0.0.1:{postgres.port}/" in line


def test_a_server_that_is_away_at_the_start_is_said_in_one_line_at_once():
    began = time.monotonic()
    url = f"postgresql://cleanwire:{PASSWORD}@127.0.0.1:{free_port()}/news"
    with pytest.raises(OperationalError, match="Connection refused") as caught, sunk.opened(url):
        pass
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert time.monotonic() - began < databases.LOCK_SECONDS


def test_a_read_only_database_and_missing_rights_make_no_dead_letter(on_postgres):
    with contextlib.closing(sunk.raw(on_postgres)) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone()
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    on_postgres._disconnect()
    with pytest.raises(OperationalError, match=r"read-only transaction \(25006\)"):
        enter(on_postgres, article(1))
    with contextlib.closing(sunk.raw(on_postgres)) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        connection.execute("ALTER TABLE article DROP COLUMN section CASCADE")
    with pytest.raises(OperationalError, match="check its rights, its tables"):
        enter(on_postgres, article(1))
    assert letters(on_postgres) == []
    assert sunk.rows(on_postgres, "kafka_offset", "next_offset") == [(0,)]


def test_a_sink_that_lost_its_lock_writes_nothing_once_another_went_on(opened):
    enter(opened, article(1))
    sunk.do(opened, "UPDATE kafka_offset SET next_offset = 5")
    with pytest.raises(OperationalError, match="another sink has read on"):
        enter(opened, article(2), before=1)
    assert ids(opened) == [1]


def test_a_commit_whose_answer_was_lost_is_not_done_twice(opened):
    enter(opened, article(1), article(2))
    sunk.do(opened, "DELETE FROM article WHERE id LIKE '%1'")
    # The same batch once more, as after a connection that broke at the commit.
    assert enter(opened, article(1), article(2)) == []
    assert ids(opened) == [2]


def test_what_is_logged_of_an_error_has_no_value_of_a_row(on_postgres):
    sunk.do(on_postgres, "ALTER TABLE article ADD CONSTRAINT mine CHECK (site = 'none')")
    with pytest.raises(sa.exc.IntegrityError) as caught, on_postgres._engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO article (id, url, authors, text, word_count, tags, robots, fetched_at, revision, "
                    "source_topic, source_partition, source_offset, extra, written_at, site) VALUES ('body', 'body', '{}', 'body', "
                    "1, '{}', '{}', now(), 1, 'body', 0, 0, '{}', now(), 'body')")
        )  # fmt: skip
    assert "body" in str(caught.value)
    assert "body" not in faults.gist(caught.value)
    assert faults.about(caught.value) == "row"


def test_a_duplicate_that_is_refused_is_a_dead_letter_too(opened):
    place = PartitionId(sunk.DUPLICATES, "T", 0)
    opened.run(lambda connection: kept_offsets.begin(connection, opened.tables, {place: 0}))
    events = [
        duplicate(1, 9),
        duplicate(2, 9) | {"source": {"topic": "r", "partition": HUGE, "offset": 1}},
    ]
    sunk.enter(opened, [record(e, n, topic=sunk.DUPLICATES) for n, e in enumerate(events)], 0, 2)
    assert sunk.rows(opened, "duplicate", "id") == [(id_of(1),)]
    assert [row[0] for row in letters(opened)] == [1]


def test_the_driver_is_asked_for_in_one_line(monkeypatch):
    monkeypatch.setattr(databases.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(OperationalError, match=r"pip install 'cleanwire\[sql\]'"):
        Database("postgresql://h/d", Tables())
