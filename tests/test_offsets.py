"""Where a group goes on, judged from what it committed and what the log has."""

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.offsets import MOST_GONE, Found, Gone, Note, resume, unread

HERE = Note(topic="raw-1", onto="candidates-1")
NOW, DAY = 1_000_000.0, 86_400.0


def found(committed, begin, end, note=HERE):
    return Found(partition=TP("raw-pages", 3), committed=committed, note=note, begin=begin, end=end)


def go_on(*arguments, **more):
    return resume(found(*arguments, **more), HERE, NOW, keep=DAY)


@pytest.mark.parametrize("committed", [10, 15, 20])
def test_a_committed_offset_that_the_log_has_is_where_it_goes_on(committed):
    place = go_on(committed, 10, 20)
    assert (place.offset, place.said, place.note) == (committed, "", HERE)


@pytest.mark.parametrize(
    ("committed", "note", "why", "gone"),
    [
        (None, Note(), "nothing is committed", "records gone: 10"),
        (21, HERE, "committed offset 21 is beyond the end", "records gone: 1"),
        (1000, Note(), "committed offset 1000 is beyond the end", "records gone: 980"),
        (4, HERE, "committed offset 4 was deleted before it was read", "records gone: 6"),
        (0, Note(), "committed offset 0 was deleted before it was read", "records gone: 10"),
        (15, Note(topic="raw-0"), "of a topic that was deleted and made again", "after 15"),
        (15, Note(topic="raw-1", onto="candidates-0"), "led to a topic that was deleted", "none"),
    ],
)
def test_every_other_one_leads_to_the_earliest_record_and_is_said(committed, note, why, gone):
    place = go_on(committed, 10, 20, note=note)
    assert place.offset == 10
    assert place.said.startswith("raw-pages partition 3: ")
    assert why in place.said
    assert gone in place.said
    assert "the log has offsets 10 to 20; goes on at 10" in place.said
    assert (place.note.topic, place.note.onto) == ("raw-1", "candidates-1")


def test_a_topic_that_never_had_a_record_is_nothing_to_say():
    assert go_on(None, 0, 0, note=Note()).said == ""


@pytest.mark.parametrize("note", [Note(), Note(topic="raw-1"), Note(onto="candidates-1")])
def test_what_is_not_known_of_a_topic_is_no_difference(note):
    assert go_on(15, 10, 20, note=note).offset == 15
    assert resume(found(15, 10, 20), Note(), NOW, DAY).offset == 15


def test_what_was_deleted_before_it_was_read_is_committed_until_it_is_old():
    place = go_on(4, 10, 20)
    assert place.note.gone == (Gone(start=4, end=10, at=int(NOW)),)
    assert unread(place.note.gone) == 6
    later = resume(found(12, 10, 30, note=place.note), HERE, NOW + DAY, DAY)
    assert later.note.gone == place.note.gone
    assert resume(found(12, 10, 30, note=place.note), HERE, NOW + DAY + 1, DAY).note.gone == ()


def test_a_commit_stays_small():
    note = Note(topic="t" * 22, onto="u" * 22)
    for number in range(100):
        note = resume(found(2**40 + number, 2**41, 2**42, note=note), note, NOW, DAY).note
    assert len(note.gone) == MOST_GONE
    assert len(note.pack()) < 1000


GONE = st.builds(
    Gone, start=st.integers(0, 2**62), end=st.integers(0, 2**62), at=st.integers(0, 2**40)
)


@given(st.builds(Note, topic=st.text(), onto=st.text(), gone=st.tuples(GONE, GONE)))
def test_a_note_comes_back_as_it_was(note):
    assert Note.unpack(note.pack()) == note


@pytest.mark.parametrize("metadata", [None, "", "x", "[]", "1", '{"gone": 3}', '{"gone": [[1]]}'])
def test_what_something_else_committed_is_an_empty_note(metadata):
    assert Note.unpack(metadata) == Note()


@given(
    st.none() | st.integers(0, 50),
    st.integers(0, 40),
    st.integers(0, 10),
    st.sampled_from([HERE, Note(), Note(topic="raw-0"), Note(topic="raw-1", onto="x")]),
)
def test_nothing_that_exists_and_was_not_committed_is_passed_over(committed, begin, more, note):
    place = go_on(committed, begin, begin + more, note=note)
    assert begin <= place.offset <= begin + more
    assert place.offset in {begin, committed}
