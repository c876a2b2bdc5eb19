"""Which topics of copies a takedown is sent to."""

import asyncio

import pytest

from streams.errors import OperationalError
from streams.runtime import publication
from streams.runtime.publication import Publication
from streams.settings import Settings

ID = "0" * 32


def reached(one, produces):
    return [produce.topic for produce in asyncio.run(one.reaching(produces))]


def test_tombstones_go_to_what_is_wanted_and_to_what_is_there(monkeypatch):
    settings = Settings(flat_articles=True)
    topics, there = settings.topics, set()
    monkeypatch.setattr(publication, "_topics_on", lambda _: set(there))
    monkeypatch.setattr(publication, "LOOK_SECONDS", 0.0)
    one = Publication(settings)
    produces = list(one.tombstones([ID]))
    assert one.wanted == [topics.flat]
    assert one.is_to_look(produces)
    # A topic that is wanted and missing is no reason to leave a tombstone out.
    assert reached(one, produces) == [topics.flat, topics.clean]
    there.add(topics.details)
    assert reached(one, produces) == [topics.details, topics.flat, topics.clean]


def test_a_worker_that_writes_all_copies_need_not_look():
    one = Publication(Settings(flat_articles=True, article_details="topic"))
    assert not one.is_to_look(list(one.tombstones([ID])))


def test_many_tombstones_at_a_time_look_once_and_an_error_is_no_answer(monkeypatch):
    looks = []

    def topics_on(_):
        looks.append(1)
        if len(looks) == 1:
            raise OperationalError("no broker answers", "start it")
        return set()

    monkeypatch.setattr(publication, "_topics_on", topics_on)
    one = Publication(Settings())
    produces = list(one.tombstones([ID]))

    async def many():
        with pytest.raises(OperationalError):
            await one.reaching(produces)
        return await asyncio.gather(*(one.reaching(produces) for _ in range(50)))

    found = asyncio.run(many())
    assert {tuple(p.topic for p in each) for each in found} == {(Settings().topics.clean,)}
    assert len(looks) == 2
