"""Which topic of candidates the memory of `dedupe` is of."""

import asyncio
import dataclasses

import pytest

from streams.errors import OperationalError
from streams.kafka import layout
from streams.kafka.sequences import OFFSET_BITS, Sequences
from streams.settings import Settings


@pytest.fixture
def bus(monkeypatch):
    """The layout's topic, as a list of what was written."""
    written = []
    monkeypatch.setattr(layout, "read", lambda _: written[-1] if written else None)
    monkeypatch.setattr(layout, "write", lambda _, what: written.append(what))
    return written


SETTINGS = Settings()


def ensure(candidates, *, created=False, older=False):
    layout.ensure(SETTINGS, candidates, again=created or (lambda: older))


def test_a_topic_that_was_made_again_is_the_next_generation(bus):
    ensure("one", created=True)
    ensure("one")
    assert [(each.candidates, each.generation) for each in bus] == [("one", 0)]
    ensure("two")
    ensure("two")
    ensure("three", created=True)
    assert [(each.candidates, each.generation) for each in bus[1:]] == [("two", 1), ("three", 2)]


def test_a_layout_of_a_version_that_knew_no_ids_takes_the_topic_that_is_there(bus):
    bus.append(layout.wanted(SETTINGS))
    assert layout.generation(SETTINGS, "one") == 0
    layout.require(SETTINGS, "one")
    ensure("one")
    assert (bus[-1].candidates, bus[-1].generation) == ("one", 0)
    # Now that it is known, its id alone counts.
    ensure("one", older=True)
    assert bus[-1].generation == 0


def test_a_memory_that_is_older_than_its_topic_makes_it_another_one(bus):
    bus.append(layout.wanted(SETTINGS))
    ensure("two", older=True)
    assert (bus[-1].candidates, bus[-1].generation) == ("two", 1)


def test_brokers_without_ids_tell_only_what_was_created_just_now(bus):
    ensure("", created=True)
    ensure("")
    assert len(bus) == 1
    ensure("", created=True)
    assert bus[-1].generation == 1


@pytest.mark.parametrize("again", ["moving", "not"])
def test_what_else_the_layout_says_stays(bus, again):
    before = dataclasses.replace(
        layout.wanted(SETTINGS), candidates="one", near=0.3, moving=again == "moving"
    )
    bus.append(before)
    ensure("two")
    assert bus[-1] == dataclasses.replace(before, candidates="two", generation=1)


def test_another_topic_is_refused_with_the_command_that_takes_it(bus):
    ensure("one", created=True)
    assert len(bus) == 1
    for ask in (layout.generation, layout.require):
        with pytest.raises(
            OperationalError, match=r"candidates was deleted.*run `cleanwire topics`"
        ):
            ask(SETTINGS, "two")
    ensure("two")
    layout.require(SETTINGS, "two")
    assert layout.generation(SETTINGS, "two") == 1


def test_every_candidate_of_a_later_topic_is_later(bus):
    ensure("one", created=True)
    assert len(bus) == 1
    sequences = Sequences(SETTINGS)
    topic = SETTINGS.topics.candidates
    asyncio.run(sequences.require({topic: "one"}))
    # What was remembered before there were generations keeps its place.
    assert sequences.of(12_345) == 12_345
    last = sequences.of(2**OFFSET_BITS - 1)
    ensure("two")
    asyncio.run(sequences.require({topic: "two"}))
    assert sequences.of(0) == last + 1
    assert sequences.topic_id == "two"


def test_a_worker_that_saw_the_topic_change_refuses_it_whatever_the_layout_knows(bus):
    bus.append(layout.wanted(SETTINGS))
    sequences = Sequences(SETTINGS)
    topic = SETTINGS.topics.candidates
    asyncio.run(sequences.require({topic: "one"}))
    with pytest.raises(OperationalError, match="deleted and made again"):
        asyncio.run(sequences.require({topic: "two"}))
    ensure("two", created=True)
    asyncio.run(sequences.require({topic: "two"}))
    assert sequences.of(0) == 1 << OFFSET_BITS
