"""The model: its features, its forest, and the blocks that it selects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.dom.blocks import read_html, read_lines
from cleanwire.extract.metadata.metadata import read_metadata
from cleanwire.extract.model import forest
from cleanwire.extract.model.block_features import Hints, features
from cleanwire.extract.model.character_counts import Characters
from cleanwire.extract.model.class_names import UNKNOWN, Names, tokens_of
from cleanwire.extract.model.feature_names import BLOCK_FEATURES, WORDS
from cleanwire.extract.model.forest import Forest
from cleanwire.extract.model.line_features import (
    LINE_FEATURES,
    SECOND_LINE_FEATURES,
    second_features,
)
from cleanwire.extract.model.line_features import features as line_features
from cleanwire.extract.model.page_kind import PAGE_FEATURES, page_features
from cleanwire.extract.model.select_blocks import chosen, select_blocks, smoothed


def test_a_forest_sums_its_trees():
    random = np.random.default_rng(7)
    questions = random.integers(0, 5, (3, 4)).astype(np.int16)
    thresholds = random.normal(size=(3, 4)).astype(np.float32)
    leaves = random.normal(size=(4, 8)).astype(np.float32)
    rows = random.normal(size=(5, 20)).astype(np.float32)
    rows[1, 3] = np.nan
    answers = Forest(questions, thresholds, leaves, 0.25)(rows)
    for column in range(20):
        logit = 0.25
        for tree in range(4):
            leaf = sum(
                int(rows[questions[level, tree], column] > thresholds[level, tree]) << level
                for level in range(3)
            )
            logit += float(leaves[tree, leaf])
        assert answers[column] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)


def test_a_forest_gives_the_same_answers_for_many_columns_as_for_few():
    rows = np.random.default_rng(1).normal(size=(len(BLOCK_FEATURES), 9000)).astype(np.float32)
    whole = forest.BLOCKS(rows)
    assert np.array_equal(whole[4000:4010], forest.BLOCKS(rows[:, 4000:4010]))


@settings(max_examples=300)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=8))
def test_characters_are_counted_as_python_counts_them(texts):
    texts = [text.replace("\n", "x").encode("utf-8", "replace").decode() for text in texts]
    kinds = Characters(texts)
    for place, text in enumerate(texts):
        plane = [character for character in text if ord(character) < 0xFFFF]
        assert kinds.length[place] == len(text)
        assert kinds.letter[place] == sum(map(str.isalpha, plane))


@pytest.mark.parametrize(
    ("text", "words", "ended"),
    [
        ("One, two; three.", 3, 1),
        ('He said: "No!"', 3, 1),
        ("no end here", 3, 0),
        ("北の港町で祭りが開かれた。", 7, 1),
        ("x", 1, 0),
    ],
)
def test_words_and_ends(text, words, ended):
    kinds = Characters(["before", text, "after"])
    assert kinds.words[1] == words
    assert kinds.ended[1] == ended


def test_the_score_of_a_name_is_that_of_its_tokens():
    table = {"story": (0.8, 0.2), "comments": (0.02, -0.5), "<aside": (0.1, -0.2)}
    names = Names(table.get)
    assert names.content_shares("div", ' class="story-body"')[:3] == (0.8, 0.8, 0.0)
    assert names.content_shares("div", ' id="story" class="Comments_x"')[:3] == (0.02, 0.8, -0.5)
    assert names.content_shares("aside", "")[:3] == (0.1, 0.1, -0.2)
    assert names.content_shares("div", ' class="nobody-knows"')[:3] == UNKNOWN
    assert "=hidden" in tokens_of("div", ' style="color:red; display: none"')
    assert "itemprop=articlebody" in tokens_of("div", ' itemprop="articleBody"')


def test_the_scores_of_elements_do_not_depend_on_the_other_elements():
    body = "".join(f"<div class='c{n % 7} story' id='x{n}'><p>t</p></div>" for n in range(3000))
    page = read_html(LexborHTMLParser(f"<body>{body}<div class='story'></div></body>"))
    names = Names({"story": (0.8, 0.2), "c3": (0.1, -0.3)}.get)
    shares, style_ids = names.of(page)
    for at, (tag, attributes) in enumerate(zip(page.tags, page.attributes, strict=True)):
        if page.starts[at] < page.ends[at]:
            assert tuple(shares[:, at]) == names.content_shares(tag, attributes)[:3]
    assert len(set(style_ids.tolist())) == 1 + 7 + 1 + 1


def test_the_cache_of_names_is_bounded(monkeypatch):
    monkeypatch.setattr("cleanwire.extract.model.class_names.MAX_KEPT", 100)
    names = Names({"a": (0.5, 0.0)}.get)
    page = read_html(LexborHTMLParser(f"<p class='a {'b' * 300}'>x</p>"))
    first = [found.tolist() for found in names.of(page)]
    assert [found.tolist() for found in names.of(page)] == first
    assert len(names._rows) == len({*page.tags})


def test_there_is_a_row_of_features_for_each_name_and_all_are_filled():
    page = read_html(LexborHTMLParser("<h1>T</h1><div class='a'><p>One, two.</p><p>3</p></div>"))
    rows = features(page, Hints(title="T", description="d" * 50, body="b" * 300), forest.NAMES)
    assert rows.shape == (len(BLOCK_FEATURES), 3)
    # There is no card, and no heading above the first block.
    unknown = {"card_prose", "card_linked", "heading_density", "heading_distance"}
    for name, row in zip(BLOCK_FEATURES, rows, strict=True):
        assert np.isfinite(row[1:] if name.startswith("heading") else row).all() or (
            name in unknown and np.isnan(row).all()
        ), name


def test_features_do_not_depend_on_the_cache():
    page = read_html(LexborHTMLParser("<div class='post-body'><p>One, two, and three.</p></div>"))
    before = features(page, Hints(), forest.NAMES)
    for number in range(50):
        forest.NAMES.of(read_html(LexborHTMLParser(f"<p class='c{number}'>x</p>")))
    assert np.array_equal(before, features(page, Hints(), forest.NAMES), equal_nan=True)


def test_lines_have_their_own_features_and_those_of_their_neighbours():
    rows = line_features(read_lines(["Head", "A line, with a comma.", "Tail"]), forest.WORDS)
    assert rows.shape == (len(LINE_FEATURES), 3)
    assert np.isfinite(rows).all()
    more = second_features(rows, np.array([0.1, 0.9, 0.2]))
    assert more.shape == (len(SECOND_LINE_FEATURES), 3)
    assert np.array_equal(more[: len(rows)], rows)


def test_every_feature_of_a_page_has_a_name():
    html = "<h1>T</h1><div><p>One, two.</p><p><a href='/x'>3</a></p></div>"
    tree = LexborHTMLParser(html)
    metadata = read_metadata(tree, None)
    page = read_html(tree)
    selection = select_blocks(page, Hints())
    assert selection.rows.shape == (len(BLOCK_FEATURES), 3)
    assert page_features(page, selection, metadata, None).shape == (len(PAGE_FEATURES), 1)


def test_names_of_features_are_distinct_and_words_are_in_one_row():
    for names in (BLOCK_FEATURES, SECOND_LINE_FEATURES, PAGE_FEATURES):
        assert len(set(names)) == len(names)
    assert SECOND_LINE_FEATURES[: len(LINE_FEATURES)] == LINE_FEATURES
    assert LINE_FEATURES[WORDS] == "words"


def test_the_chosen_blocks_have_the_greatest_expected_f1():
    random = np.random.default_rng(3)
    for _ in range(50):
        probability = random.random(6)
        words = random.integers(1, 30, 6).astype(np.float32)

        def expected(places, probability=probability, words=words):
            good = (probability * words)[list(places)].sum()
            return 2 * good / (words[list(places)].sum() + (probability * words).sum())

        best = max(expected([i for i in range(6) if mask >> i & 1]) for mask in range(1, 64))
        assert expected(chosen(probability, words)) == pytest.approx(best, abs=1e-6)


def test_the_items_of_a_list_share_one_answer():
    page = read_html(LexborHTMLParser("<p>x</p><ul><li>a</li><li>b c</li></ul><p>y</p>"))
    found = smoothed(page, np.array([0.9, 0.2, 0.8, 0.1]), np.array([1, 1, 2, 1], np.float32))
    assert found[1] == found[2] == pytest.approx(0.6, abs=0.01)
    assert found[0] == 0.9
    assert found[3] == 0.1


def test_of_nested_lists_the_innermost_shares_an_answer():
    html = "<ul><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ul>"
    page = read_html(LexborHTMLParser(html))
    found = smoothed(page, np.array([0.9, 0.2, 0.4, 0.8]), np.ones(4, np.float32))
    assert found.tolist() == pytest.approx([0.9, 0.3, 0.3, 0.8])


def test_a_list_that_lays_out_the_page_shares_no_answer():
    item = "<li><h3>a</h3><p>b</p><p>c</p></li>"
    page = read_html(LexborHTMLParser(f"<ul>{item * 3}</ul>"))
    likely = np.linspace(0.1, 0.9, len(page))
    assert np.array_equal(smoothed(page, likely, np.ones(len(page), np.float32)), likely)


def test_cards_and_groups_are_seen():
    card = '<li class="c"><h3><a href="/x">A linked headline</a></h3><p>A lead, in prose.</p></li>'
    part = '<div class="part"><p>One sentence, long enough to read as prose, ends here.</p></div>'
    page = read_html(LexborHTMLParser(f"<main>{part * 4}</main><ul>{card * 6}</ul>"))
    rows = dict(zip(BLOCK_FEATURES, features(page, Hints(), Names({}.get)), strict=True))
    assert rows["card_count"].tolist() == [0] * 4 + [6] * 12
    assert rows["card_linked"][4:].tolist() == [1] * 12
    assert rows["group_inside"].tolist() == [1] * 4 + [0] * 12
    assert rows["group_distance"].tolist() == [0] * 4 + list(range(1, 13))
    assert rows["heading_density"][4:].tolist()[1::2] == [1] * 6
    assert rows["heading_distance"][5::2].tolist() == [1] * 6


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="<>/=\"' &;!-abpdivtrulispanh1class\n.,", max_size=400), st.booleans())
def test_blocks_are_selected_from_any_page(markup, flat):
    page = read_lines(markup.splitlines()) if flat else read_html(LexborHTMLParser(markup))
    selection = select_blocks(page, Hints())
    assert selection.chosen == sorted(set(selection.chosen))
    assert all(0 <= place < len(page) for place in selection.chosen)
    assert bool(selection.chosen) == bool(len(page))
