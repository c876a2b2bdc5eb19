"""What the view's store does when the disk, the file or another process is in its way."""

import asyncio
import datetime as dt
import os
import random
import sqlite3
import subprocess
import threading

import pytest

from helpers.view_records import outcome
from streams.settings import Settings
from streams.web.store import damage, queries, search, store
from streams.web.store.bounds import Bounds
from streams.web.store.model import Filter, Place, Tombstone
from streams.web.store.schema import MIGRATIONS
from streams.web.store.store import QueryTooSlowError, Store, StoreOffError
from streams.web.store.writer import now_ms

BOUNDS = Bounds(most_bytes=1 << 30, age=dt.timedelta(days=30))
PLACE = Place(topic="clean-articles", topic_id="t", partition=0, offset=1000)


def some(many, start=0, **more):
    now = now_ms()
    return [
        outcome(number, "new", at=now - 10_000 + number, title=f"Harbour {number}", **more)
        for number in range(start, start + many)
    ]


def run(folder, work, *, bounds=BOUNDS, off=""):
    """Do something with a store that is closed afterwards."""

    async def main():
        made = Store(folder, bounds, off)
        try:
            return await work(made)
        finally:
            await made.close()

    return asyncio.run(main())


async def fill(made, many=50, start=0):
    await made.open()
    return await made.enter(lambda: (some(many, start), [PLACE]))


async def more(made, start):
    return await made.enter(lambda: (some(200, start), [PLACE]))


async def find(made, word="harbour"):
    return (await made.ask(search.count, Filter(words=word))).number


def warnings(caplog):
    return [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]


def test_what_was_entered_is_there_in_the_next_process(tmp_path):
    folder = tmp_path / "view"
    assert run(folder, fill)

    async def again(made):
        assert await made.open() == {("clean-articles", "t", 0): 1000}
        assert made.status.is_on
        extent = await made.extent()
        assert extent.outcomes == 50
        assert extent.size == made.size > 0
        return await find(made)

    assert run(folder, again) == 50
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("how", ["noise", "cut", "text", "foreign", "empty"])
def test_a_damaged_store_is_moved_aside_and_begins_anew(tmp_path, caplog, how):
    folder = tmp_path / "view"
    run(folder, lambda made: fill(made, 2000))
    path = folder / damage.FILE
    if how == "noise":
        draw = random.Random(1)
        content = bytearray(path.read_bytes())
        for start in range(4096, len(content), 4096):
            content[start : start + 4096] = draw.randbytes(4096)
        path.write_bytes(content)
    elif how == "cut":
        os.truncate(path, path.stat().st_size // 2)
    elif how == "text":
        path.write_text("this is no database" * 1000)
    elif how == "foreign":
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE mine (x)")
        other.close()
    else:
        path.write_bytes(b"")

    async def work(made):
        await made.open()
        # Some damage shows only when the damaged page is read.
        await made.enter(lambda: (some(500, 3000), [PLACE]))
        if made.status.is_on:
            try:
                await made.ask(queries.sites)
                await find(made)
            except StoreOffError:
                await made.enter(lambda: ([], []))
        made._try_at = 0
        positions = await made.open()
        assert made.status.is_on
        await made.enter(lambda: (some(10, 5000), [PLACE]))
        # The other rows come from the topics again: the new store has no offsets.
        return positions, await find(made), made.status.rebuilds

    positions, found, rebuilds = run(folder, work)
    if how == "empty":
        # An empty file is an empty database.
        assert (rebuilds, warnings(caplog)) == (0, [])
        return
    assert found >= 10
    assert rebuilds == 1, (positions, found)
    assert len(warnings(caplog)) == 1
    assert "damaged" in warnings(caplog)[0] or "another program's" in warnings(caplog)[0]
    assert "moved aside" in warnings(caplog)[0]
    aside = [path.name for path in folder.iterdir() if damage.ASIDE in path.name]
    assert aside
    assert len(aside) <= 3


def test_a_store_that_is_damaged_again_and_again_is_given_up(tmp_path):
    folder = tmp_path / "view"

    async def work(made):
        for _ in range(store.MOST_REBUILDS + 2):
            made._try_at = 0
            await made.open()
            await made._in_thread(made._fail, sqlite3.DatabaseError("broken"))
        return made.status, await made.open()

    status, opened = run(folder, work)
    assert opened is None
    assert not status.is_on
    assert status.fix == "check the disk, and start again"
    assert len(list(folder.iterdir())) <= 4


def test_a_takedown_deletes_what_was_moved_aside(tmp_path):
    folder = tmp_path / "view"
    run(folder, fill)
    (folder / damage.FILE).rename(folder / f"{damage.FILE}.{damage.ASIDE}")

    async def work(made):
        await fill(made)
        (one, *_) = some(1)
        await made.enter(lambda: ([Tombstone(article=one.article, at=now_ms())], []))
        return await find(made)

    assert run(folder, work) == 49
    assert not [path for path in folder.iterdir() if damage.ASIDE in path.name]


def test_a_second_process_is_told_who_has_the_store_and_gets_it_afterwards(tmp_path, caplog):
    folder = tmp_path / "view"

    async def work(first):
        await fill(first)
        second = Store(folder, BOUNDS)
        assert await second.open() is None
        assert second.status.why == (
            f"the store is off: another process has it (pid {os.getpid()})"
        )
        assert "CLEANWIRE_VIEW_STORE=off" in second.status.fix
        assert not await second.enter(lambda: (some(1), []))
        with pytest.raises(StoreOffError, match="another process has it"):
            await second.ask(queries.sites)
        # It is not tried again at once, and says nothing again.
        assert await second.open() is None
        await first.close()
        second._try_at = 0
        assert await second.open() is not None
        assert second.status.is_on
        await second.close()

    run(folder, work)
    assert len(warnings(caplog)) == 1


def test_a_newer_store_is_left_alone(tmp_path, caplog):
    folder = tmp_path / "view"
    run(folder, fill)
    path = folder / damage.FILE
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    other.close()

    async def work(made):
        assert await made.open() is None
        made._try_at = 0
        assert await made.open() is None
        return made.status.why

    assert "a newer Cleanwire made it (version 2; this one reads 1)" in run(folder, work)
    assert {entry.name for entry in folder.iterdir()} == {damage.FILE, damage.LOCK}
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
        assert other.execute("SELECT count(*) FROM outcome").fetchone() == (50,)
    other.close()
    assert len(warnings(caplog)) == 1


def test_a_lock_of_another_program_passes(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(damage, "BUSY_SECONDS", 0.05)
    folder = tmp_path / "view"

    async def work(made):
        await fill(made)
        other = sqlite3.connect(folder / damage.FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert not await made.enter(lambda: (some(5, 100), [PLACE]))
        assert "another program holds a lock" in made.status.why
        other.execute("ROLLBACK")
        other.close()
        made._try_at = 0
        # The feed reads the rows again, because their offsets were not stored.
        assert await made.open() is not None
        assert await made.enter(lambda: (some(5, 100), [PLACE]))
        return await find(made)

    assert run(folder, work) == 55
    assert len(warnings(caplog)) == 1


def mount(*arguments):
    return subprocess.run(["/bin/mount", *map(str, arguments)], check=False, capture_output=True)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder).returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["/bin/umount", "-l", str(folder)], check=True)


def test_a_full_disk_switches_the_store_off_until_there_is_room(small_disk, caplog):
    folder = small_disk / "view"

    async def work(made):
        assert await fill(made)
        number = 1000
        while await more(made, number):
            number += 200
            assert number < 20_000
        assert made.status.why.startswith("the store is off: its disk is full")
        for _ in range(3):
            assert not await more(made, number)
        with pytest.raises(StoreOffError, match="disk is full"):
            await made.ask(queries.sites)
        assert not mount("-o", "remount,size=64m", small_disk).returncode
        made._try_at = 0
        assert await made.open() is not None
        assert await more(made, number)
        return await find(made), number

    found, number = run(folder, work)
    assert found == 50 + number - 1000 + 200
    assert len(warnings(caplog)) == 1


def test_a_folder_that_cannot_be_written_to_switches_the_store_off(small_disk, caplog):
    folder = small_disk / "view"
    run(folder, fill)
    assert not mount("-o", "remount,ro", small_disk).returncode

    async def work(made):
        assert await made.open() is None
        return made.status

    status = run(folder, work)
    assert "cannot be written to" in status.why
    assert "CLEANWIRE_VIEW_STORE=off" in status.fix
    assert len(warnings(caplog)) == 1


def test_a_folder_that_cannot_be_made_switches_the_store_off(tmp_path):
    (tmp_path / "file").write_text("")

    async def work(made):
        return await made.open(), made.status.why

    opened, why = run(tmp_path / "file" / "view", work)
    assert opened is None
    assert "cannot be written to" in why


def test_a_store_that_is_not_wanted_makes_no_file(tmp_path, caplog):
    async def work(made):
        assert await made.open() is None
        assert not await made.enter(lambda: (some(5), [PLACE]))
        return made.status.why

    why = run(tmp_path / "view", work, off="CLEANWIRE_VIEW_STORE=off")
    assert why == "the store is off: CLEANWIRE_VIEW_STORE=off"
    assert not (tmp_path / "view").exists()
    assert warnings(caplog) == []


def test_a_query_that_takes_too_long_is_ended_and_the_next_one_is_answered(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "QUERY_SECONDS", 0.2)

    def endless(connection):
        return connection.execute(
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
            "SELECT count(*) FROM n"
        ).fetchone()

    async def work(made):
        await fill(made)
        with pytest.raises(QueryTooSlowError):
            await made.ask(endless)
        return await find(made)

    assert run(tmp_path / "view", work) == 50


def test_when_many_questions_wait_others_are_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "MOST_WAITING", 3)
    let = threading.Event()

    async def work(made):
        await fill(made)
        waiting = [asyncio.ensure_future(made.ask(lambda _: let.wait(20))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(QueryTooSlowError, match="3 other questions wait"):
            await find(made)
        let.set()
        assert await asyncio.gather(*waiting) == [True, True, True]
        return await find(made)

    assert run(tmp_path / "view", work) == 50


def test_an_error_of_the_module_alone_is_an_answer_too(tmp_path):
    """It has no code of SQLite's: here, a query whose value is missing."""

    async def work(made):
        await fill(made)
        with pytest.raises(StoreOffError, match="cannot be read"):
            await made.ask(lambda connection: connection.execute("SELECT ?", ()))
        return await find(made)

    assert run(tmp_path / "view", work) == 50


def test_the_settings_say_how_large_and_whose():
    made = Settings()
    assert (made.view_store, made.view_store_bytes) == ("worker", 2 << 30)
    assert made.view_store_age == dt.timedelta(days=30)
