"""Flat articles through a real Kafka Connect into a real PostgreSQL, by Debezium's JDBC sink.

The worker, the connector and the files of `deploy/connect/` are those that a user has.
"""

import datetime as dt
import time

import orjson
import pytest

from cleanwire import flat
from helpers.connect import DEBEZIUM, ConnectWorker, unpacked
from helpers.flat_articles import hostile_articles, send, typed
from helpers.harness import Worker, cleanwire, page, publish, records
from helpers.postgres import PASSWORD, USER, server
from streams.kafka.topics import check_topics, ensure_topics, specs
from streams.settings import Settings

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SECONDS = 60
CONNECTOR = f"io.debezium:debezium-connector-jdbc:{DEBEZIUM}:plugin:tar.gz"


@pytest.fixture(scope="module")
def settings(broker_address, tmp_path_factory):
    folder = tmp_path_factory.mktemp("connect")
    made = Settings(
        broker=broker_address,
        topic_prefix="connect.",
        data_dir=folder / "data",
        flat_articles=True,
        clean_processes=1,
        session_timeout=6,
    )
    ensure_topics(made)
    return made


@pytest.fixture(scope="module")
def database():
    with server() as found:
        if found is None:
            pytest.skip("no PostgreSQL: neither in PG_BIN, nor on PATH, nor the package pgserver")
        yield found


@pytest.fixture(scope="module")
def sink(settings, database, tmp_path_factory):
    """One worker for all tests, because its start takes ten seconds."""
    folder = tmp_path_factory.mktemp("worker")
    unpacked(CONNECTOR, folder / "plugins")
    changes = {
        "topics": settings.topics.flat,
        "connection.url": f"jdbc:postgresql://{database.address}/postgres",
        "connection.username": USER,
    }
    password = {"CONNECT_POSTGRES_PASSWORD": PASSWORD}
    files = {"jdbc-postgresql.json": changes}
    with ConnectWorker(settings, folder, folder / "plugins", files, password) as worker:
        yield worker


def rows(database):
    """The table by id; empty where it is not there."""
    if not database.rows("SELECT 1 AS found FROM pg_tables WHERE tablename = 'articles'"):
        return {}
    columns = ", ".join(column.name for column in flat.COLUMNS)
    return {row["id"]: row for row in database.rows(f"SELECT {columns} FROM articles")}  # noqa: S608 - our own names


def wait_for_rows(database, expected, worker=None):
    """Wait until the table has exactly these rows, given by id as the flat form has them."""
    deadline = time.monotonic() + SECONDS
    wanted = {name: as_row(payload) for name, payload in expected.items()}
    while (found := rows(database)) != wanted:
        if worker is not None:
            worker.require_running()
        assert time.monotonic() < deadline, list(differences(found, wanted))[:5]
        time.sleep(0.3)


def differences(found, wanted):
    for name in found.keys() | wanted.keys():
        if name not in found or name not in wanted:
            yield name, "lacks" if name not in found else "has"
        elif found[name] != wanted[name]:
            yield (
                name,
                [
                    column
                    for column in wanted[name]
                    if found[name].get(column) != wanted[name][column]
                ],
            )


def as_row(payload):
    milliseconds = payload["fetched_at"]
    fetched = None
    if milliseconds is not None:
        fetched = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=milliseconds)  # noqa: DTZ001 - the column has no zone; it is in UTC
    return payload | {"fetched_at": fetched}


def latest(settings, topic):
    """The last value of each key of a topic, without the keys whose last one is a tombstone."""
    values = {record.key.decode(): record.value for record in records(settings, topic)}
    return {key: orjson.loads(value) for key, value in values.items() if value is not None}


def payloads(settings):
    return {key: value["payload"] for key, value in latest(settings, settings.topics.flat).items()}


def test_the_topic_is_there_where_it_is_switched_on(bare_settings):
    names = {spec.name for spec in specs(bare_settings)}
    on = bare_settings.model_copy(update={"flat_articles": True})
    more = [spec for spec in specs(on) if spec.name not in names]
    assert [spec.name for spec in more] == [on.topics.flat]
    (clean,) = [spec for spec in specs(on) if spec.name == on.topics.clean]
    assert (more[0].partitions, more[0].config, more[0].as_many_as) == (
        clean.partitions,
        clean.config,
        clean.name,
    )
    ensure_topics(bare_settings)
    assert [str(one) for one in check_topics(on)] == [f"{on.topics.flat} is missing"]
    assert ensure_topics(on) == [on.topics.flat]
    assert check_topics(on) == []
    # Switched off again, the topic stays and nobody asks for it.
    assert check_topics(bare_settings) == []


def test_no_text_stops_the_connector(settings, database, sink):
    articles = list(hostile_articles(seed=3, count=200))
    expected = {one.id: flat.flat_article(one) for one in articles}
    send(settings, {one.id: flat.flat_value(one) for one in articles})
    wait_for_rows(database, expected, sink)
    # Lists are JSON that the database can read.
    lists = "SELECT id, authors::jsonb AS authors, tags::jsonb AS tags FROM articles"
    for found in database.rows(lists):
        payload = expected[found.pop("id")]
        assert found == {key: orjson.loads(payload[key]) for key in ("authors", "tags")}

    # A later version adds a column: the table gets it, though it has rows.
    later = orjson.loads(flat.flat_value(articles[0]))
    later["schema"]["fields"].append({"field": "added", "type": "string", "optional": True})
    later["payload"]["added"] = "new"
    send(settings, {articles[0].id: orjson.dumps(later)})
    added = "SELECT 1 FROM information_schema.columns WHERE column_name = 'added'"
    wait_for(lambda: database.rows(added))
    news = "SELECT id FROM articles WHERE added = 'new'"
    wait_for(lambda: database.rows(news) == [{"id": articles[0].id}])
    wait_for_rows(database, expected, sink)

    # PostgreSQL restarts while the sink writes.
    database.stop()
    send(settings, dict.fromkeys(expected))
    time.sleep(2)
    database.start()
    wait_for_rows(database, {}, sink)


def test_a_table_follows_what_is_published_revised_and_taken_down(settings, database, sink):
    with Worker(settings) as worker:
        pages = [page(number) for number in range(6)]
        publish(settings, pages)
        wait_for(lambda: len(payloads(settings)) == len(pages))
        wait_for_rows(database, payloads(settings), sink)
        first = latest(settings, settings.topics.clean)
        assert payloads(settings) == {
            key: flat.flat_article(typed(value)) for key, value in first.items()
        }

        # The same pages again: the same records again, and not a row more.
        sent = len(records(settings, settings.topics.flat))
        publish(settings, pages)
        wait_for(lambda: len(records(settings, settings.topics.flat)) == sent + len(pages))
        wait_for_rows(database, payloads(settings), sink)
        assert len(rows(database)) == len(pages)

        # A revision is a row of its own that names the row before.
        revised = page(0, text="Another story. " * 80, at="2026-11-04T10:00:00Z")
        publish(settings, [revised])
        wait_for(lambda: len(payloads(settings)) == len(pages) + 1)
        wait_for_rows(database, payloads(settings), sink)
        (newest,) = database.rows("SELECT id, supersedes FROM articles WHERE revision = 2")
        assert newest["supersedes"] in first

        # Connect is killed and PostgreSQL restarts; meanwhile an article is taken down.
        sink.kill()
        database.stop()
        gone = next(key for key in first if key != newest["supersedes"])
        assert cleanwire(settings, "takedown", gone).returncode == 0
        wait_for(lambda: gone not in payloads(settings))
        assert gone not in latest(settings, settings.topics.clean)
        database.start()
        assert gone in rows(database)
        sink.start()
        wait_for_rows(database, payloads(settings), sink)
        assert gone not in rows(database)
        assert worker.stop() == 0


def wait_for(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
