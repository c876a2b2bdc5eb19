"""Explanations of pairs: the index's own answer, every figure of it, and a bounded diff of words."""

import itertools
import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.clean import clean_event
from cleanwire.errors import PageRejected
from cleanwire.explain import explain_copy
from cleanwire.explain.word_diff import (
    KEPT,
    MOST_CELLS,
    MOST_CHARACTERS,
    MOST_RUN_CHARACTERS,
    MOST_RUNS,
    diff_words,
)
from cleanwire.similarity import minhash
from cleanwire.similarity.index import Entry, Index, Thresholds
from cleanwire.similarity.templates import TESTS
from streams.testing.samples import sample_pages

WORDS = st.lists(
    st.sampled_from("the old mill turns again , . 1961 river Ada".split()), max_size=60
)
TEXTS = WORDS.map(" ".join) | st.text(max_size=80)


def texts():
    found = []
    for sample in sample_pages():
        try:
            found.append(clean_event(sample.value).text)
        except PageRejected:
            continue
    return found


SAMPLES = texts()
SPACED = [text for text in SAMPLES if len(text.split()) > 60]


def spelled(diff, *kinds):
    """The words of some kinds of runs, without white space."""
    return "".join("".join(run.text.split()) for run in diff.runs if run.kind in kinds)


def assert_whole(before, after, diff):
    assert spelled(diff, "equal", "deleted") == "".join(before.split())
    assert spelled(diff, "equal", "inserted") == "".join(after.split())
    kinds = [run.kind for run in diff.runs]
    assert all(one != other for one, other in itertools.pairwise(kinds))


def indexed(article, original, thresholds):
    index = Index(thresholds)
    index.add(Entry.of(minhash.signature(original), article="a" * 32, sequence=1, bucket=0))
    return [(match.kind, match.similarity) for match in index.matches(minhash.signature(article))]


def follows(found):
    """The kind that the figures of an explanation give, by the rules of the concepts."""
    hits, same, near, excerpt, length, figures, template = (check.holds for check in found.checks)
    if not hits:
        return None
    if same:
        return "exact"
    if not (near or (excerpt and length)) or not figures or not template:
        return None
    return "near" if near else "excerpt"


@pytest.mark.parametrize("thresholds", [None, Thresholds(near=0.9, excerpt=0.95, figures=0.9)])
def test_the_figures_give_the_answer_of_the_index(thresholds):
    pages = random.Random(3)
    kinds = set()
    pairs = [(one, other) for one in SAMPLES for other in SAMPLES]
    pairs += [varied(pages, pages.choice(SPACED)) for _ in range(300)]
    for article, original in pairs:
        found = explain_copy(article, original, thresholds)
        expected = indexed(article, original, thresholds or Thresholds())
        got = [] if found.kind is None else [(found.kind, found.similarity)]
        assert got == expected
        assert follows(found) == found.kind, found
        assert found.reason.startswith(found.kind or "no copy")
        if found.kind == "near":
            assert found.similarity == found.estimated_similarity
        if found.kind == "excerpt":
            assert found.similarity == found.estimated_containment
        kinds.add(found.kind)
    assert kinds >= {None, "exact", "near", "excerpt"} if thresholds is None else {None, "exact"}


def varied(pages, text):
    """A text and another made of it: parts cut out, words swapped, another text put behind."""
    words = text.split()
    start = pages.randrange(len(words) // 2)
    changed = words[start : start + pages.randrange(20, len(words))]
    for _ in range(pages.choice((0, 0, 3, 12, 40))):
        changed[pages.randrange(len(changed))] = pages.choice(("1961", "Carrow", "1962", "seven"))
    if pages.random() < 0.5:
        changed += pages.choice(SPACED).split()[: pages.randrange(200)]
    return pages.sample((text, " ".join(changed)), 2)


def test_stories_of_one_template_name_the_test_that_tells_them_apart():
    frame = (
        "{name} of {place} died peacefully at home on {day} May at the age of {age} years, the family "
        "said on Sunday. {name} was born in {place} and worked for {years} years as a {work}, and is "
        "survived by {kin} children. A service will be held at the chapel of {place} on {day} May at "
        "{hour} in the morning, and flowers are welcome. The family thanks the nurses of ward {ward} "
        "for their care and asks that donations be made to the lifeboat fund of the county."
    )
    one = frame.format(name="Ada Quill", place="Ness", day=3, age=81, years=44, work="baker", kin=5, hour=10, ward=7)  # fmt: skip
    other = frame.format(name="Bo Lind", place="Hamre", day=9, age=67, years=21, work="pilot", kin=2, hour=11, ward=4)  # fmt: skip
    found = explain_copy(one, other, Thresholds(near=0.2, excerpt=0.3, figures=0.0))
    assert found.kind is None
    assert found.template in TESTS[1:]
    assert found.template in found.reason
    assert found.shared_figures < found.figures


def test_true_shares_over_all_shingles():
    original = SAMPLES[0]
    article = original[: len(original) // 2]
    found = explain_copy(article, original)
    assert found.kind in {"excerpt", "near"}
    assert found.article_in_original > 0.98
    assert found.original_in_article == pytest.approx(found.similarity_of_all, abs=0.02)
    assert abs(found.estimated_similarity - found.similarity_of_all) < 0.15
    assert explain_copy(original, original).similarity_of_all == 1
    assert explain_copy("", "").kind is None


@settings(max_examples=200)
@given(TEXTS, TEXTS)
def test_any_two_texts(article, original):
    found = explain_copy(article, original)
    assert orjson.loads(orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY))
    assert follows(found) == found.kind
    assert_whole(original, article, found.diff)


@settings(max_examples=300)
@given(WORDS, WORDS)
def test_a_diff_is_the_longest_common_subsequence(one, other):
    diff = diff_words(" ".join(one), " ".join(other))
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for row, word in enumerate(one):
        for column, another in enumerate(other):
            best = max(lengths[row][column + 1], lengths[row + 1][column])
            lengths[row + 1][column + 1] = lengths[row][column] + 1 if word == another else best
    assert diff.equal == lengths[-1][-1]
    assert (diff.equal + diff.deleted, diff.equal + diff.inserted) == (len(one), len(other))
    assert not diff.is_rough


def test_words_marks_and_characters():
    diff = diff_words("The mill, once dry, turns.", "The old mill once dry\nturns.")
    assert [(run.kind, run.text) for run in diff.runs] == [
        ("equal", "The "),
        ("inserted", "old "),
        ("equal", "mill "),
        ("deleted", ", "),
        ("equal", "once dry\n"),
        ("deleted", ", "),
        ("equal", "turns."),
    ]
    diff = diff_words("水車は金曜日に回った。", "水車は土曜日に再び回った。")
    assert [(run.kind, run.text) for run in diff.runs] == [
        ("equal", "水車は"),
        ("deleted", "金"),
        ("inserted", "土"),
        ("equal", "曜日に"),
        ("inserted", "再び"),
        ("equal", "回った。"),
    ]


def test_long_texts_are_compared_between_anchors():
    drawn = random.Random(5)
    before = [f"w{drawn.randrange(3000)}" for _ in range(20_000)]
    after = list(before)
    for _ in range(150):
        after[drawn.randrange(len(after))] = "changed"
    moved = after[500:9_000] + after[:500] + after[9_000:]
    assert len(before) ** 2 > MOST_CELLS
    diff = diff_words(" ".join(before), " ".join(after))
    assert not diff.is_rough
    assert diff.deleted == diff.inserted == sum(map(str.__ne__, before, after))
    diff = diff_words(" ".join(before), " ".join(moved))
    assert not diff.is_rough
    assert diff.deleted < 800


def test_what_is_too_much_is_cut_and_says_so():
    drawn = random.Random(6)
    one, other = (" ".join(drawn.choice("abcd") for _ in range(30_000)) for _ in range(2))
    rough = diff_words(one, other)
    assert rough.is_rough
    assert (rough.equal + rough.deleted, rough.equal + rough.inserted) == (30_000, 30_000)
    long = diff_words("word " * 3000, "word " * 3000 + "end")
    assert long.runs[0].left_out == 15_000 - 2 * KEPT
    assert len(long.runs[0].text) < MOST_RUN_CHARACTERS
    words = [f"w{n}" for n in range(3 * MOST_RUNS)]
    many = diff_words(" ".join(words), " ".join(w if n % 3 else "x" for n, w in enumerate(words)))
    assert len(many.runs) == MOST_RUNS
    assert many.runs_left_out > 0
    assert many.equal == 2 * MOST_RUNS
    assert sum(len(run.text) for run in many.runs) < MOST_CHARACTERS + MOST_RUN_CHARACTERS


def test_runs_that_are_left_out_are_counted():
    words = [f"w{n}" for n in range(3 * MOST_RUNS)]
    changed = [word if n % 3 else "x" for n, word in enumerate(words)]
    many = diff_words(" ".join(words), " ".join(changed))
    # Each third word is replaced: a deleted and an inserted run, and an equal one after them.
    assert len(many.runs) + many.runs_left_out == 3 * MOST_RUNS
