"""Links that are no words of a heading go from it, in every language, and all others stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.dom.parsing import parsed


def headings(markup):
    page = read_html(parsed(f"<html><body>{markup}<p>The story.</p></body></html>"))
    return page.texts[:-1], page.linked[:-1], page.links[:-1]


@pytest.mark.parametrize(
    "markup",
    [
        "<h2>History[<a href=/e>edit</a>]</h2>",
        "<h2><span>History</span><span class=e><span>[</span><a href=/e> edit </a><span>]</span></span></h2>",
        "<h3>History <b>[<a href=/v>Bearbeiten</a><span> | </span><a href=/q>Quelltext bearbeiten</a>]</b></h3>",
        "<h3>[<a href=/e>編集</a>] History</h3>",
        "<h3>History [<a href=/e>✎</a>]</h3>",
        "<h2>History<a class=headerlink href=#history>¶</a></h2>",
        "<h2>History <a href=#history>#</a></h2>",
        "<h2><a href=#history>§</a> History</h2>",
    ],
)
def test_links_of_the_page_go(markup):
    assert headings(markup) == (["History"], [0], [0])


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<h2>Ten harbours [with map]</h2>", "Ten harbours [with map]"),
        ("<h2><a href=/a>Alpha</a> beat [Gamma]</h2>", "Alpha beat [Gamma]"),
        ("<h2>A list of <a href=/a>harbours</a> [with map]</h2>", "A list of harbours [with map]"),
        ("<h2>[<a href=/e>edit</a>]</h2>", "[edit]"),
        ("<h2><a href=/a>What is a quay?</a></h2>", "What is a quay?"),
        ("<h2>Report <a href=/7>#7</a></h2>", "Report #7"),
        ("<h2>Is it over <a href=/x>?</a></h2>", "Is it over ?"),
        ("<h2>Is it over<a href=/x#y>?</a></h2>", "Is it over?"),
        ("<h2>Prize <a href=/money>€</a></h2>", "Prize €"),
        ("<h2><a href=/money>€</a> 5 more</h2>", "€ 5 more"),
        ("<p>Report [<a href=/a>draft</a>]</p>", "Report [draft]"),
    ],
)
def test_other_links_and_brackets_stay(markup, text):
    texts, linked, links = headings(markup)
    assert texts == [text]
    assert (linked[0] > 0) == (links[0] > 0) == ("<a" in markup)


def test_a_link_among_the_words_still_counts():
    assert headings("<h2>The <a href=/q>quay</a> <a href=#q>¶</a></h2>") == (["The quay"], [4], [1])


@given(
    st.lists(st.sampled_from(["[", "]", "|", " ", "¶", "word", "<a href=/>", "</a>"]), max_size=12)
)
def test_a_heading_keeps_its_place_and_some_of_its_text(parts):
    texts, linked, links = headings(f"<h2>word{''.join(parts)}</h2>")
    assert len(texts) == 1
    assert texts[0].startswith("word")
    assert linked[0] >= 0
    assert links[0] >= 0


def test_arrays_are_of_the_changed_heading_and_made_once():
    page = read_html(parsed("<body><h2>Quay <a href=#q>¶</a></h2>"))
    assert page.as_arrays().linked.tolist() == [0]
    assert page.as_arrays() is page.as_arrays()
