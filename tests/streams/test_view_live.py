"""The view's store on a real broker: filled by a worker, or by the view's own process."""

import json
import os
import time

import orjson
import pytest

from helpers.harness import Worker, cleanwire, page, publish, wait_for_outcomes
from streams.web.store import damage, search
from streams.web.store.model import Filter

pytestmark = pytest.mark.broker

NAME = "Quokkazilla"
URL = "https://secretsite.example/quokkaslug"


def secret(hour=10, url=URL):
    words = " ".join(f"wombat{place} tells of{place} it." for place in range(60))
    body = f"<html><body><h1>{NAME} abducted</h1><p>Zyxwvutsr opens. {words}</p></body></html>"
    return orjson.dumps({"url": url, "fetched_at": f"2026-11-03T{hour:02}:00:00Z", "body": body})


def found(settings, **wanted):
    connection = damage.connect_to_read(settings.data_dir / "view")
    try:
        return [one.record for one in search.search(connection, Filter(**wanted)).items]
    finally:
        connection.close()


def wait_until(settings, count, **wanted):
    deadline = time.monotonic() + 60
    while True:
        records = found(settings, **wanted) if (settings.data_dir / "view").exists() else []
        if len(records) == count:
            return records
        assert time.monotonic() < deadline, records
        time.sleep(0.3)


def test_pages_are_looked_up_before_and_after_a_restart_until_they_are_taken_down(settings):
    with Worker(settings) as worker:
        raw = [secret(), secret(11, "https://copy.example/x"), page(7), b"not json"]
        publish(settings, raw, partition=0)
        outcomes = wait_for_outcomes(settings, 4)
        wait_until(settings, 4)
        (one,) = found(settings, url=URL)
        ((_, event),) = outcomes[0, 0]
        assert (one.article, one.title) == (event["id"], f"{NAME} abducted")
        assert one.lead.startswith("Zyxwvutsr opens.")
        assert (one.source.topic, one.source.offset) == (settings.topics.raw, 0)
        assert len(one.source.topic_id) == 22
        assert one.fetched < one.arrived <= one.at
        (copy,) = found(settings, kinds=frozenset({"exact"}))
        assert (copy.copy_of, copy.copy_of_url) == (event["id"], URL)
        assert found(settings, words="quokkazilla") == [one]
        (rejected,) = found(settings, kinds=frozenset({"not-json"}))
        assert rejected.arrived is not None
        assert "store is off" not in worker.get("/")[1]
    with Worker(settings) as worker:
        publish(settings, [page(8)], partition=0)
        wait_until(settings, 5)
        assert found(settings, words="quokkazilla") == [one]
        assert cleanwire(settings, "takedown", URL).returncode == 0
        wait_until(settings, 0, words="quokkazilla")
        deadline = time.monotonic() + 30
        folder = settings.data_dir / "view"
        held = b"quokka"
        while b"quokka" in held and time.monotonic() < deadline:
            time.sleep(0.5)
            held = b"".join(path.read_bytes() for path in folder.iterdir()).lower()
        for mark in (b"quokka", b"zyxwvutsr", b"secretsite"):
            assert mark not in held
        (copy,) = found(settings, kinds=frozenset({"exact"}))
        assert (copy.copy_of, copy.copy_of_url) == (event["id"], None)
        assert worker.stop() == 0
    assert "WARNING streams.web" not in worker.log.read_text()


def test_the_second_worker_on_a_host_says_that_another_one_has_the_store(settings):
    with Worker(settings) as first:
        publish(settings, [page(1)], partition=0)
        wait_until(settings, 1)
        with Worker(settings) as second:
            deadline = time.monotonic() + 30
            why = f"another process has it (pid {first.process.pid})"
            while why not in second.get("/")[1]:
                assert time.monotonic() < deadline, second.get("/")[1]
                time.sleep(0.3)
            # It shows the latest outcomes from memory.
            assert "s1.example" in second.get("/")[1]
        assert second.log.read_text().count("the view's store is off") == 1


def test_the_view_is_a_process_of_its_own_beside_workers_that_show_themselves(settings):
    settings = settings.model_copy(update={"view_store": "view"})
    view = Worker(settings, command=("-m", "streams.cli.main", "view"))
    with view, Worker(settings) as worker:
        publish(settings, [page(1), b"not json"], partition=0)
        wait_for_outcomes(settings, 2)
        wait_until(settings, 2)
        deadline = time.monotonic() + 30
        while "s1.example" not in view.get("/")[1]:
            assert time.monotonic() < deadline
            time.sleep(0.3)
        assert "store is off" not in view.get("/")[1]
        assert view.get("/healthz")[:2] == (200, "ok\n")
        assert json.loads(view.get("/readyz")[1]) == {"ready": True, "missing": {}}
        assert "cleanwire_view_up 1.0" in view.get("/metrics")[1]
        assert "s1.example" not in worker.get("/")[1]
        assert "gives it to `cleanwire view`" in worker.get("/")[1]
        assert view.stop() == 0
    assert (settings.data_dir / "view" / damage.LOCK).read_text() == str(view.process.pid)


def test_a_store_that_is_lost_is_filled_again_from_the_topics(settings):
    with Worker(settings):
        publish(settings, [page(1), page(2)], partition=0)
        wait_until(settings, 2)
    folder = settings.data_dir / "view"
    (folder / damage.FILE).write_bytes(os.urandom(50_000))
    with Worker(settings) as worker:
        wait_until_rebuilt(settings)
    assert worker.log.read_text().count("is damaged") == 1


def wait_until_rebuilt(settings):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if len(found(settings)) == 2:
                return
        except Exception:  # noqa: S110 - the damaged file, before the worker has moved it aside
            pass
        time.sleep(0.3)
    raise AssertionError("the store was not filled again")


def test_the_view_refuses_a_port_that_is_taken_and_an_address_without_a_token(settings):
    with Worker(settings, "--stage", "extract") as worker:
        taken = cleanwire(worker.settings, "view")
        assert taken.returncode == 3
        assert b"the web view cannot listen on" in taken.stderr
    open_to_all = settings.model_copy(update={"web_bind": "0.0.0.0"})  # noqa: S104 - the subject
    refused = cleanwire(open_to_all, "view")
    assert refused.returncode == 2
    assert b"set CLEANWIRE_WEB_TOKEN" in refused.stderr
