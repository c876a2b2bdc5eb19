"""Streams of teasers go, and lists that are the story stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.body.streams import FEWEST_CARDS, stream_blocks
from cleanwire.extract.body.topic import topic_counts, topic_words
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.model import forest
from cleanwire.extract.model.block_features import Hints, features
from cleanwire.extract.model.select_blocks import BlockSelection

TITLE = "Ferry returns to the northern lighthouse"
STORY = "".join(
    f"<p>Passage {number} of the ferry took longer than usual, because the wind had turned and the "
    "harbour was full of ice that the crew had to break by hand before noon.</p>"
    for number in range(6)
)


def cards(count, headline, lead, tag="li"):
    return "".join(
        f'<{tag} class="card"><h3><a href="/{n}">{headline} {n} is here</a></h3>'
        f"<p>{lead}</p></{tag}>"
        for n in range(count)
    )


def taken(body, title=TITLE, likely=0.95):
    page = read_html(LexborHTMLParser(f"<html><body>{body}</body></html>"))
    rows = features(page, Hints(title=title), forest.NAMES)
    everything = BlockSelection(list(range(len(page))), np.full(len(page), likely), rows)
    return page, stream_blocks(page, everything, (title, None))


@pytest.mark.parametrize("tag", ["li", "div", "article", "section"])
def test_a_stream_of_teasers_below_a_story_is_taken_out(tag):
    stream = cards(
        8, "Minister opens another market", "The market has forty stalls and a roof.", tag
    )
    page, gone = taken(f"<main>{STORY}</main><div>{stream}</div>")
    assert [page.texts[index] for index in gone] == page.texts[6:]


def test_a_list_on_the_topic_of_the_page_is_kept():
    stream = cards(8, "Lighthouse number", "The northern lighthouse has a ferry of its own.")
    assert taken(f"<main>{STORY}</main><ul>{stream}</ul>")[1] == []


def test_a_page_that_is_nothing_but_cards_keeps_them():
    assert (
        taken(f"<ul>{cards(12, 'Minister opens a market', 'Forty stalls and a roof.')}</ul>")[1]
        == []
    )


def test_doubtful_prose_is_no_story_beside_which_cards_go():
    stream = cards(8, "Minister opens another market", "The market has forty stalls.")
    assert taken(f"<main>{STORY}</main><ul>{stream}</ul>", likely=0.5)[1] == []


def test_few_cards_or_cards_of_much_prose_are_no_stream():
    few = cards(FEWEST_CARDS - 1, "Minister opens a market", "Forty stalls and a roof.")
    assert taken(f"<main>{STORY}</main><ul>{few}</ul>")[1] == []
    long = cards(8, "Minister opens a market", "It has stalls, and people came to see them. " * 12)
    assert taken(f"<main>{STORY}</main><ul>{long}</ul>")[1] == []


def test_headings_with_links_in_a_story_are_no_stream():
    story = "".join(
        f"<h2><a href='#{n}'>Part {n} of the way</a></h2><p>The crew rested and ate.</p>"
        for n in range(9)
    )
    assert taken(f"<main>{STORY}{story}</main>")[1] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ferry returns, the end", ["returns", "ferry"]),
        ("灯台の船", ["台の", "灯台", "の船"]),
        ("一", []),
        (None, []),
        ("", []),
    ],
)
def test_topic_words_are_long_words_or_pairs_of_characters(text, words):
    assert sorted(topic_words(text)) == sorted(words)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8), st.text(max_size=60))
def test_topic_words_are_counted_where_they_are(texts, title):
    texts = [" ".join(text.split()) for text in texts]
    words = topic_words(title)
    counts = topic_counts(texts, words)
    assert counts.tolist() == [sum(word in text.lower() for word in words) for text in texts]
