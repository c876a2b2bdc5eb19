"""What a page becomes that is run again after a fix: the rule, in the library and in any number of shards."""

import dataclasses

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.clean import clean_page
from cleanwire.dedupe.deduper import Deduper
from cleanwire.dedupe.denylist import Takedown
from cleanwire.dedupe.policy import DAY, Window
from cleanwire.dedupe.records import pack_matches, pack_record, unpack_record
from cleanwire.dedupe.shard import Shard
from cleanwire.dedupe.shard_chain import ShardChain
from cleanwire.errors import Withdrawn
from cleanwire.events import Source
from cleanwire.pipeline import Pipeline
from cleanwire.similarity.key_table import hash_of
from helpers.shards import NO_CAP, WIDTH, Bus, candidate, compacted, pages
from helpers.stories import NOW, Stream, story

A, B, C = "https://a.example/", "https://b.example/", "https://c.example/"
WALL = story(9, 60)
"""What a broken cleaner took for the text of every page."""


def ids(count):
    return [hash_of(f"page {number}").hex() for number in range(count)]


def told(decision):
    """What a consumer sees of a decision."""
    return (
        decision.outcome,
        decision.revision,
        decision.referenced_id,
        decision.url,
        decision.similarity,
    )


@pytest.fixture(params=[1, 3], ids=["one shard", "three shards"])
def stream(request):
    return Stream(shards=request.param)


def test_a_published_article_keeps_id_and_revision_and_its_new_text_is_matched(stream):
    one, two, three = ids(3)
    first = stream.add(story(1, 60), name=one)
    again = stream.add(story(2), name=one, fetched=first.fetched, is_replay=True)
    assert told(again) == told(first) == ("clean", 1, None, A, 1.0)
    copy = stream.add(story(2), name=two, url=B)
    assert (copy.outcome, copy.duplicate_of) == ("exact", one)
    # Nothing is a copy of a text that was wrong.
    assert stream.add(story(1, 60), name=three, url=C).outcome == "clean"


def test_the_next_fetch_of_a_replayed_page_is_a_recrawl_and_no_revision(stream):
    one, two = ids(2)
    stream.add(WALL, name=one)
    stream.add(story(2), name=one, is_replay=True)
    recrawl = stream.add(story(2), name=two)
    assert (recrawl.outcome, recrawl.duplicate_of) == ("recrawl", one)


def test_pages_that_were_copies_of_a_wrong_text_are_published(stream):
    names = ids(8)
    before = [
        stream.add(WALL, name=name, url=f"https://s{n}.example/") for n, name in enumerate(names)
    ]
    assert [decision.outcome for decision in before] == ["clean"] + ["exact"] * 7
    after = [
        stream.add(story(10 + n), name=name, url=f"https://s{n}.example/", is_replay=True)
        for n, name in enumerate(names)
    ]
    assert [decision.outcome for decision in after] == ["clean"] * 8
    copy = stream.add(story(15), url=C, name=ids(9)[8])
    assert (copy.outcome, copy.duplicate_of) == ("exact", names[5])


def test_a_duplicate_whose_text_did_not_change_stays_the_duplicate_of_the_same_article(stream):
    one, two = ids(2)
    stream.add(story(1), name=one)
    copy = stream.add(story(1), name=two, url=B)
    stream.add(story(2), name=one, is_replay=True)
    assert told(stream.add(story(1), name=two, url=B, is_replay=True)) == told(copy)


def test_a_duplicate_with_a_changed_text_that_is_still_a_copy_stays_a_duplicate(stream):
    one, two = ids(2)
    stream.add(story(1), name=one)
    assert stream.add(story(1), name=two, url=B).outcome == "exact"
    again = stream.add(story(1) + " " + story(2, 20), name=two, url=B, is_replay=True)
    assert (again.outcome, again.duplicate_of) == ("near", one)


def test_an_earlier_replay_that_is_delivered_again_changes_nothing(stream):
    one, two = ids(2)
    stream.add(story(1), name=one)
    stream.add(story(1), name=two, url=B)
    texts = [story(1) + " " + story(2, tail) for tail in (20, 30)]
    for text in texts:
        assert stream.add(text, name=two, url=B, is_replay=True).outcome == "near"
    last = stream.add(texts[1], name=two, url=B, is_replay=True)
    again = stream.add(texts[0], name=two, url=B, is_replay=True, sequence=3)
    assert (told(again), again.sequence) == (told(last), 4)
    # The same for a published article: its later text stays.
    for sequence in (9, 10):
        stream.add(story(sequence), name=one, is_replay=True, sequence=sequence)
    stream.add(story(9), name=one, is_replay=True, sequence=9)
    copy = stream.add(story(10), name=ids(3)[2], url=C, sequence=11)
    assert copy.duplicate_of == one


def test_a_published_page_whose_new_text_is_a_copy_stays_published(stream):
    one, two = ids(2)
    stream.add(story(1), name=one)
    stream.add(WALL, name=two, url=B)
    again = stream.add(story(1), name=two, url=B, is_replay=True)
    assert (again.outcome, again.revision) == ("clean", 1)


def test_the_same_event_without_the_word_of_a_replay_stays_what_it_was(stream):
    one, two = ids(2)
    stream.add(WALL, name=one)
    copy = stream.add(WALL, name=two, url=B)
    assert told(stream.add(story(2), name=two, url=B)) == told(copy)


def test_a_replay_that_was_never_seen_is_a_new_page(stream):
    (one,) = ids(1)
    assert told(stream.add(story(1), name=one, is_replay=True)) == ("clean", 1, None, A, 1.0)


@pytest.mark.parametrize("shards", [1, 3])
def test_past_the_window_and_the_horizon_a_replay_is_a_new_page(shards):
    stream = Stream(Window(length=30 * DAY, replay=7 * DAY), shards=shards)
    one, two, *others = ids(60)
    stream.add(story(1), name=one, fetched=NOW)
    stream.add(story(1), name=two, url=B, fetched=NOW)
    for day, name in enumerate(others[:36], 1):
        stream.add(
            story(100 + day),
            name=name,
            url=f"{C}{day}",
            fetched=NOW + day * DAY,
            at=NOW + day * DAY,
        )
    # Past the window, within the horizon: the outcome is repeated.
    assert stream.add(story(1), name=one, fetched=NOW, is_replay=True).outcome == "clean"
    assert stream.add(story(1), name=two, url=B, fetched=NOW, is_replay=True).outcome == "exact"
    for day, name in enumerate(others[36:], 37):
        stream.add(
            story(100 + day),
            name=name,
            url=f"{C}{day}",
            fetched=NOW + day * DAY,
            at=NOW + day * DAY,
        )
    # Nothing is known of either any more: the first that comes is published.
    late = stream.add(story(1), name=two, url=B, fetched=NOW, is_replay=True)
    assert told(late) == ("clean", 1, None, B, 1.0)
    copy = stream.add(story(1), name=one, fetched=NOW, is_replay=True)
    assert (copy.outcome, copy.duplicate_of) == ("exact", two)


def test_a_replay_brings_nothing_back_that_was_taken_down(stream):
    one, two = ids(2)
    stream.add(WALL, name=one, fetched=NOW)
    # A recrawl of the same page, whose id the takedown does not name.
    assert stream.add(WALL, name=two, fetched=NOW - 5, at=NOW - 5).outcome == "recrawl"
    stream.sequence += 1
    stream.relay.withdraw(Takedown(ids=[one], url_keys=[], at=NOW + 9, sequence=stream.sequence))
    with pytest.raises(Withdrawn):
        stream.add(story(1), name=one, fetched=NOW, is_replay=True)
    again = stream.add(story(2), name=two, fetched=NOW - 5, at=NOW - 5, is_replay=True)
    assert again.outcome == "recrawl"


def test_the_library_replays_as_the_stream_does():
    html = "<html><body><h1>{0}</h1><p>{0} {0}.</p></body></html>"
    deduper = Deduper()

    def article(text, url):
        made = clean_page(
            html.format(text), url=url, fetched_at="2026-11-03T10:00:00Z", require_article=False
        )
        return dataclasses.replace(made, id=hash_of(url).hex())

    deduper.add(article(story(1), A))
    assert deduper.add(article(story(1), B)).outcome == "exact"
    assert deduper.add(article(story(2), B)).outcome == "exact"
    assert deduper.add(article(story(2), B), is_replay=True).outcome == "clean"


def test_a_rejected_page_is_decided_as_a_new_page_once_it_is_accepted():
    value = orjson.dumps(
        {
            "url": A,
            "fetched_at": "2026-11-03T10:00:00Z",
            "body": "<html><body><p>Few words here.</p></body></html>",
        }
    )
    source = Source(topic="raw-pages", partition=0, offset=0)
    assert Pipeline().process(value, source).reason == "no-article"
    again = Pipeline(require_article=False).process(value, source, is_replay=True)
    assert (again.revision, again.supersedes) == (1, None)


plans = st.lists(
    st.tuples(
        pages, st.integers(0, 20), st.sampled_from(["new", "new", "replay", "replay", "again"])
    ),
    min_size=1,
    max_size=40,
)
"""Pages, each a new one, or a replay of an earlier one with another text, or one published again."""


def candidates_of(plan):
    made = []
    for sequence, (page, which, what) in enumerate(plan):
        if what == "new" or not made:
            made.append(candidate(sequence, page))
            continue
        old = made[which % len(made)]
        fresh = candidate(sequence, page, name=old.id, is_replay=what == "replay")
        made.append(
            dataclasses.replace(
                fresh,
                url=old.url,
                url_key=old.url_key,
                fetched=old.fetched,
                event_time=old.event_time,
            )
        )
    return made


class ReplayedBus(Bus):
    """What is delivered again after a replay may have the outcome of the replay."""

    def tell(self, article, decision):
        first = self.outcomes.setdefault(article.sequence, decision)
        if told(first) != told(decision):
            assert decision.sequence > first.sequence
            assert told(self.outcomes[decision.sequence]) == told(decision)


@settings(max_examples=150, deadline=None)
@given(plans, st.sampled_from([1, 4, 16]), st.randoms(use_true_random=False))
def test_replays_are_decided_as_one_whatever_is_killed_and_delivered_again(plan, shards, draw):
    arriving = candidates_of(plan)
    one = ShardChain(1, cap=NO_CAP)
    expected = {arrived.sequence: one.decide(arrived) for arrived in arriving}
    bus = ReplayedBus(shards)
    for arrived in arriving:
        bus.inboxes[0].append((arrived, pack_matches([])))
        bus.go_on(draw)
    bus.finish()
    assert bus.outcomes == expected


@settings(max_examples=80, deadline=None)
@given(plans, st.integers(0, 40), st.sampled_from([1, 4]))
def test_a_state_rebuilt_from_its_records_knows_the_replayed_texts(plan, cut, shards):
    bus, whole = ReplayedBus(shards), ShardChain(shards, cap=NO_CAP)
    for place, arrived in enumerate(candidates_of(plan)):
        if place == cut:
            for number in range(shards):
                bus.committed[number] = bus.done[number]
                bus.crash(number)
        bus.inboxes[0].append((arrived, pack_matches([])))
        bus.finish()
        assert bus.outcomes[arrived.sequence] == whole.decide(arrived)


@settings(max_examples=80, deadline=None)
@given(plans)
def test_every_record_of_a_changelog_and_the_latest_of_each_key_give_the_same_texts(plan):
    shard, log = Shard(cap=NO_CAP), []
    for arrived in candidates_of(plan):
        log += [
            (key, None if record is None else pack_record(record, WIDTH))
            for key, record in shard.take(arrived).writes
        ]
    rebuilt = [Shard(cap=NO_CAP), Shard(cap=NO_CAP)]
    for other, records in zip(rebuilt, (log, compacted(log)), strict=True):
        for key, value in records:
            other.apply(key, None if value is None else unpack_record(key, value, WIDTH))
    for one in {key for key, _ in log}:
        texts = {other._index.text_of(one) for other in (shard, *rebuilt)}
        known = {other._policy.decisions.get(one) for other in (shard, *rebuilt)}
        assert (len(texts), len(known)) == (1, 1)
