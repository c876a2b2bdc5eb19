import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.dedupe.policy import BUCKETS, DAY, HISTORY, Window
from helpers.stories import NOW, Stream, story


def test_the_first_is_published_and_the_same_url_and_text_is_a_recrawl():
    stream = Stream()
    first = stream.add(story(1))
    assert (first.outcome, first.revision, first.supersedes) == ("clean", 1, None)
    again = stream.add(story(1))
    assert (again.outcome, again.duplicate_of, again.similarity) == ("recrawl", first.id, 1.0)


def test_a_changed_text_is_a_revision_that_names_the_one_before():
    stream = Stream()
    first = stream.add(story(1))
    second = stream.add(story(1) + " and more news came in")
    third = stream.add(story(1) + " and still more news came in later")
    assert (second.outcome, second.revision, second.supersedes) == ("clean", 2, first.id)
    assert (third.outcome, third.revision, third.supersedes) == ("clean", 3, second.id)
    assert stream.add(story(1)).duplicate_of == first.id


def test_another_url_with_the_same_text_is_exact_whatever_its_quotes():
    stream = Stream()
    first = stream.add(story(1) + " “so”")
    copy = stream.add(story(1).upper() + ' "so"', url="https://b.example/")
    assert (copy.outcome, copy.duplicate_of, copy.similarity) == ("exact", first.id, 1.0)
    assert copy.duplicate_of_url == "https://a.example/"


def test_another_url_with_similar_text_is_near():
    stream = Stream()
    first = stream.add(story(1))
    near = stream.add(story(1) + " " + story(2, 20), url="https://b.example/")
    assert (near.outcome, near.duplicate_of) == ("near", first.id)
    assert near.similarity == pytest.approx(118 / 140, abs=0.1)


def test_a_cut_copy_is_an_excerpt_and_the_full_story_after_a_teaser_is_published():
    stream = Stream()
    full = stream.add(story(1, 300))
    teaser = stream.add(story(1, 60), url="https://b.example/")
    assert (teaser.outcome, teaser.duplicate_of) == ("excerpt", full.id)
    stream = Stream()
    stream.add(story(1, 60), url="https://b.example/")
    assert stream.add(story(1, 300)).outcome == "clean"


def test_among_several_matches_the_earliest_wins():
    stream = Stream()
    first = stream.add(story(1) + " " + story(2), url="https://a.example/")
    stream.add(story(1) + " " + story(3, 400), url="https://b.example/")
    copy = stream.add(story(1), url="https://c.example/")
    assert copy.duplicate_of == first.id


def test_an_older_fetch_never_supersedes_a_newer_one():
    stream = Stream()
    newer = stream.add(story(1) + " corrected now", fetched=NOW + 100)
    older = stream.add(story(1), fetched=NOW)
    assert (older.outcome, older.duplicate_of) == ("recrawl", newer.id)
    other = stream.add(story(9), fetched=NOW - 100)
    assert (other.outcome, other.revision, other.supersedes) == ("clean", 1, None)


def test_matches_within_a_urls_own_history_are_revisions_not_copies():
    stream = Stream()
    stream.add(story(1))
    assert stream.add(story(1) + " x").outcome == "clean"


def test_a_copys_recrawl_names_the_published_article():
    stream = Stream()
    first = stream.add(story(1))
    stream.add(story(1), url="https://b.example/")
    again = stream.add(story(1), url="https://b.example/")
    assert (again.outcome, again.duplicate_of) == ("recrawl", first.id)


def test_templated_reports_that_differ_in_their_figures_are_different():
    report = "The index of the {} exchange closed at {} points after {} trades worth {} crowns, {} up on the day."
    frame = "Trading was calm in all sectors and the turnover was as usual for the season, brokers said in the evening."
    stream = Stream()
    stream.add(report.format("city", 1200.5, 345, 9871, 17) + " " + frame)
    other = stream.add(
        report.format("city", 1311.7, 412, 8022, 23) + " " + frame, url="https://b.example/"
    )
    assert other.outcome == "clean"


def test_a_known_id_repeats_its_outcome():
    stream = Stream()
    first = stream.add(story(1), name="x")
    stream.add(story(1) + " changed a little", name="y")
    assert stream.add(story(1), name="x", sequence=99) == first


def test_the_window_moves_with_event_time_and_an_id_is_known_past_it():
    window = Window(length=30 * DAY, replay=7 * DAY)
    stream = Stream(window)
    first = stream.add(story(1), name="old")
    stream.add(story(2), url="https://b.example/", at=NOW + 31 * DAY)
    assert stream.articles == 1
    copy = stream.add(story(1), url="https://c.example/", at=NOW + 31 * DAY)
    assert copy.outcome == "clean"
    assert stream.add(story(1), name="old", at=NOW) == first
    stream.add(story(3), url="https://d.example/", at=NOW + 39 * DAY)
    assert all(decision != first for decision in [stream.add(story(1), name="old", at=NOW)])


def test_a_late_page_is_remembered_in_the_oldest_open_bucket():
    stream = Stream()
    stream.add(story(1), at=NOW)
    late = stream.add(story(2), url="https://b.example/", at=NOW - 400 * DAY)
    assert late.outcome == "clean"
    copy = stream.add(story(2), url="https://c.example/", at=NOW - 400 * DAY)
    assert (copy.outcome, copy.duplicate_of) == ("exact", late.id)
    stream.add(story(3), url="https://d.example/", at=NOW + 2 * 30 * DAY / BUCKETS)
    assert stream.add(story(2), url="https://e.example/", at=NOW - 400 * DAY).outcome == "clean"


def test_a_page_is_held_against_its_latest_fetches_and_every_id_is_known():
    stream = Stream()
    first = stream.add(story(0), name="first")
    for number in range(1, HISTORY + 5):
        stream.add(story(number))
    assert stream.decisions == HISTORY + 5
    assert stream.add(story(0)).outcome == "clean"
    assert stream.add(story(0), name="first") == first


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 80), st.booleans()),
        max_size=40,
    ),
    st.integers(0, 40),
)
@settings(max_examples=60, deadline=None)
def test_redelivery_at_any_point_repeats_every_outcome(pages, cut):
    def run(stream, entries):
        return [
            stream.add(
                story(number, 90) + (" new figures" if changed else ""),
                url=f"https://u{url}.example/",
                name=f"{sequence}",
                at=NOW + days * DAY,
                sequence=sequence,
            )
            for sequence, (number, url, days, changed) in entries
        ]

    # Days only rise: out-of-order pages past the replay horizon are beyond the guarantee.
    pages = sorted(pages, key=lambda page: page[2])
    pages = [(n, u, min(d, 36), c) for n, u, d, c in pages]
    entries = list(enumerate(pages, 1))
    stream = Stream()
    first = run(stream, entries)
    assert run(stream, entries[:cut]) == first[:cut]
    for decision in first:
        if decision.outcome != "clean":
            named = next(other for other in first if other.id == decision.duplicate_of)
            assert named.outcome == "clean"
            assert named.sequence < decision.sequence


def test_the_oldest_is_forgotten_where_memory_is_short(monkeypatch):
    monkeypatch.setattr("cleanwire.dedupe.decision_table.CHUNK", 16)
    stream = Stream(most_bytes=60_000)
    stories = [story(number, 60) for number in range(200)]
    # All of one day: one bucket is the oldest and the newest.
    for number, text in enumerate(stories):
        stream.add(text, url=f"https://u{number}.example/", at=NOW + number)
        assert stream.relay.shards[0].content <= 60_000
    assert stream.articles > 40
    (shard,) = stream.relay.shards
    assert shard.evicted == 200 - stream.articles > 50
    assert stream.add(stories[-1], url="https://x.example/", at=NOW + 300).outcome == "exact"
    assert stream.add(stories[0], url="https://y.example/", at=NOW + 300).outcome == "clean"
