"""How full a shard is, and what is said of it."""

import contextlib
import logging
import sqlite3

import pytest

from cleanwire.dedupe import shard as shards
from cleanwire.dedupe.policy import Candidate
from cleanwire.dedupe.shard import Shard
from cleanwire.similarity.minhash import signature
from streams.errors import OperationalError
from streams.ops import reshard
from streams.state.fullness import Fullness
from streams.supervision.logs import RepeatFilter


def filled(count, most_bytes=None):
    memory = Shard(most_bytes=most_bytes)
    add(memory, range(count))
    return memory


def add(memory, numbers):
    for number in numbers:
        words = " ".join(f"w{number}x{place}" for place in range(40))
        memory.take(
            Candidate(
                id=f"{number:032x}",
                url_key=number.to_bytes(16, "big"),
                url=f"https://s.example/{number}",
                fetched=float(number),
                event_time=0.0,
                sequence=number,
                signature=signature(words),
            )
        )


class Told:
    """What a worker's log would show."""

    def __init__(self, caplog):
        self.caplog = caplog
        self.once = RepeatFilter()

    def lines(self):
        found = [record for record in self.caplog.records if self.once.filter(record)]
        self.caplog.clear()
        return [record.getMessage() for record in found]


def test_a_line_for_each_step_and_none_again_before_there_was_room(monkeypatch, caplog):
    monkeypatch.setattr(shards, "MOST_ARTICLES", 100)
    memory, other = filled(79), filled(10)
    fullness, told = Fullness(), Told(caplog)

    def look():
        fullness.look({0: memory, 3: other})
        fullness.look({0: memory, 3: other})
        return told.lines()

    with caplog.at_level(logging.WARNING):
        assert look() == []
        add(memory, [79])
        (line,) = look()
        assert line.startswith("shard 0 is at 80 % of its articles, and will forget its oldest")
        assert "CLEANWIRE_DEDUPE_SHARDS" in line
        add(memory, range(80, 94))
        assert look() == []
        add(memory, [94, 95, 96])
        assert ["97 %" in line for line in look()] == [True]
        add(memory, range(97, 101))
        assert ["at 101 % of its articles, and forgets its oldest" in s for s in look()] == [True]
        add(other, range(10, 100))
        assert [line[:16] for line in look()] == ["shard 3 is at 10"]
        # Articles that left the window make room; the step is passed anew only after that.
        memory = filled(78)
        assert look() == []
        memory = filled(81)
        assert look() == []
        memory = filled(70)
        assert look() == []
        memory = filled(82)
        assert len(look()) == 1


def test_a_shard_is_full_of_bytes_too(caplog):
    memory = filled(30)
    small = filled(30, most_bytes=int(memory.content / 0.9))
    assert small.fill["bytes"] == pytest.approx(0.9, rel=0.01)
    assert small.fill["articles"] < 0.01
    with caplog.at_level(logging.WARNING):
        Fullness().look({0: small})
    assert "90 % of its bytes" in caplog.text
    assert "CLEANWIRE_DEDUPE_MEMORY" in caplog.text


@pytest.mark.parametrize(("shards", "needed"), [(1, 4), (3, 4), (4, None)])
def test_a_memory_is_not_moved_into_shards_that_cannot_hold_it(monkeypatch, shards, needed):
    monkeypatch.setattr(reshard, "MOST_ARTICLES", 101)
    with contextlib.closing(sqlite3.connect(":memory:")) as store:
        store.execute("create table memory (id text, entry text)")
        rows = [(str(number), "{}" if number < 380 else None) for number in range(500)]
        store.executemany("insert into memory values (?, ?)", rows)
        if needed is None:
            reshard._require_room(store, shards)
            return
        with pytest.raises(OperationalError, match=f"SHARDS to {needed} or more"):
            reshard._require_room(store, shards)
