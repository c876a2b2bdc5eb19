"""The database of a sink: its URL, its lock, and the version of its tables."""

import pytest

from helpers import sunk
from helpers.sunk import article, id_of, record
from streams.cli.main import run
from streams.consuming.follower import PartitionId
from streams.errors import ConfigurationError, OperationalError
from streams.exit_codes import BAD_USAGE
from streams.sink import database as databases
from streams.sink import kept_offsets, schema_steps
from streams.sink.database import Database
from streams.sink.tables import Tables

PLACE = PartitionId(sunk.CLEAN, "T", 0)


def begun(database):
    database.run(lambda connection: kept_offsets.begin(connection, database.tables, {PLACE: 0}))
    return database


def enter(database, *events, before=0):
    records = [record(event, before + n) for n, event in enumerate(events)]
    return sunk.enter(database, records, before, before + len(events))


def test_the_second_sink_on_the_same_tables_is_told_so(database_url, monkeypatch):
    monkeypatch.setattr(databases, "LOCK_SECONDS", 0.3)
    with sunk.opened(database_url):
        with (
            pytest.raises(OperationalError, match="another sink writes to these tables"),
            sunk.opened(database_url),
        ):
            pass
        with sunk.opened(database_url, "two_"):
            pass
    with sunk.opened(database_url):
        pass


def test_a_newer_schema_is_left_alone(database_url):
    with sunk.opened(database_url):
        pass
    sunk.do(database_url, "UPDATE sink_version SET version = 99")
    with (
        pytest.raises(OperationalError, match="a newer Cleanwire made the tables"),
        sunk.opened(database_url),
    ):
        pass
    assert sunk.rows(database_url, "sink_version", "version") == [(99,)]


def test_steps_that_are_missing_are_done_together_or_not_at_all(database_url, monkeypatch):
    with sunk.opened(database_url) as database:
        enter(begun(database), article(1))
    first = schema_steps.STEPS
    broken = (
        *first,
        ("ALTER TABLE {p}article ADD COLUMN new text",),
        ("ALTER TABLE nowhere ADD COLUMN x text",),
    )
    monkeypatch.setattr(schema_steps, "STEPS", broken)
    with pytest.raises(OperationalError, match="nowhere"), sunk.opened(database_url):
        pass
    assert sunk.rows(database_url, "sink_version", "version") == [(1,)]
    monkeypatch.setattr(schema_steps, "STEPS", broken[:2])
    with sunk.opened(database_url) as database:
        assert sunk.rows(database, "article", "id", "new") == [(id_of(1), None)]
        enter(database, article(2), before=1)
    assert sunk.rows(database_url, "sink_version", "version") == [(2,)]


def test_a_table_of_somebody_elses_is_left_alone(database_url):
    sunk.do(database_url, "CREATE TABLE article (mine integer)")
    with (
        pytest.raises(
            OperationalError, match="a table article that is not the sink's; give a --table-prefix"
        ),
        sunk.opened(database_url),
    ):
        pass
    with sunk.opened(database_url, "news_") as database:
        enter(begun(database), article(1))
        assert len(sunk.rows(database, "news_article", "id")) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root:s3cret@h/d", "mysql is not supported; use postgresql://"),
        ("s3cret", "the URL of the database cannot be read"),
        ("postgresql://u:p@s3cret@h/d", "write %40 for that @"),
        ("postgresql://u:p@s3cret/x@h/d", "write %40 for that @"),
        ("postgresql://u:p@s3cret?x@h/d", "write %40 for that @"),
        ("postgresql://u:pw@h:s3cret/d", "the URL of the database cannot be read"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql+psycopg2://u:s3cret@h/d", "not supported"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url, said):
    with pytest.raises(ConfigurationError) as caught:
        Database(url, Tables())
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_no_password_is_shown_wherever_the_url_has_it():
    url = databases._parsed("postgres://me:s3cret@h:5/d?password=s3cret&sslpassword=s3cret")
    assert databases.shown(url) == "postgresql://me@h:5/d"


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgresql://me:a%40b@h/d", "a@b"),
        ("postgresql://me@corp:a/b?c#d@h/d?options=-csearch_path%3Da&passfile=/x@y", "a/b?c#d"),
        ("postgresql://me@h/d?user=me@corp", None),
    ],
)
def test_other_characters_of_a_password_are_taken_as_they_are(url, password):
    parsed = databases._parsed(url)
    assert (parsed.password, parsed.host, parsed.database) == (password, "h", "d")


def test_the_options_of_a_url_come_before_those_of_the_sink(postgres):
    url = postgres.url(postgres.new_database())
    with sunk.opened(f"{url}?application_name=mine&keepalives_idle=7") as database:
        assert sunk.query(
            url, "SELECT application_name FROM pg_stat_activity WHERE application_name = 'mine'"
        )
        with database._engine.connect() as connection:
            used = connection.connection.driver_connection.info.get_parameters()
    assert (used["keepalives_idle"], used["keepalives_count"], used["connect_timeout"]) == (
        "7", "3", "10",
    )  # fmt: skip


@pytest.mark.parametrize("prefix", ["News_", "2026_", "_", "sqlite_", "a" * 41, "a-b", "é", "a\n"])
def test_a_prefix_that_makes_no_plain_name_is_refused_in_one_line(prefix, capfd):
    assert run(["sink", "sqlite:///articles.db", "--table-prefix", prefix]) == BAD_USAGE
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "use at most 40 lower-case letters, digits and _" in said


@pytest.mark.parametrize("prefix", ["n", "news_2026_", "a" * 40])
def test_a_prefix_of_any_allowed_form_names_the_tables(database_url, prefix):
    with sunk.opened(database_url, prefix) as database:
        enter(begun(database), article(1))
    with sunk.opened(database_url, prefix):
        assert sunk.rows(database_url, f"{prefix}current_article", "id") == [(id_of(1),)]
