"""The headline among the titles that a page has, and the name of the site beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire.extract.metadata.site_names import Site
from cleanwire.extract.metadata.titles import choose_title


def choose(**witnesses):
    asked = {"headline": None, "social": None, "headings": (), "document_title": None}
    return choose_title(**(asked | witnesses))


@pytest.mark.parametrize(
    ("witnesses", "title"),
    [
        # The page shows another headline than its card.
        ({"social": "Ferry: all you need to know", "document_title": "Ferry: all you need to know",
          "headings": ["How the ferry crosses when you need it most"]},
         "How the ferry crosses when you need it most"),
        # The heading of the site or of a campaign is no headline, though it is the only one.
        ({"social": "Ferry stops at the old pier", "headings": ["Give to our winter appeal today"]},
         "Ferry stops at the old pier"),
        # A second-level heading resembles the card, but the page has a headline above it.
        ({"social": "Best ferries of the north coast", "headline": "Ten ferries for a calm summer",
          "headings": ["Ten ferries for a calm summer"],
          "lower_headings": ["The best ferries of the north"]},
         "Ten ferries for a calm summer"),
        # The first-level heading is a section, the headline is below it.
        ({"social": "How to cross without a queue", "headings": ["Ferry tips"],
          "document_title": "Ferry tips (2031) - when to cross - Tidewater",
          "lower_headings": ["How to cross without a queue"]}, "How to cross without a queue"),
        ({"document_title": "Harbour online - News - New pier opens to walkers",
          "headings": ["Harbour", "News", "New pier opens to walkers"]}, "New pier opens to walkers"),
        # What stands beside the card's title in `<title>` is the site, though nothing names it.
        ({"social": "The lean ferry", "headings": ["Tide Notes and Letters"],
          "document_title": "Tide Notes and Letters: The lean ferry"}, "The lean ferry"),
        # A date or a standfirst is glued to the heading.
        ({"social": "New pier opens to walkers", "document_title": "New pier opens to walkers",
          "headings": ["New pier opens to walkers 02.02.2031 Harbour, Press"]},
         "New pier opens to walkers"),
        ({"social": "New pier opens to walkers", "document_title": "New pier opens to walkers",
          "headings": ["New pier opens to walkers: how the council paid"]},
         "New pier opens to walkers: how the council paid"),
        # A kicker that both data and card have is part of the headline; a section is not.
        ({"social": "Battle of the piers: Medals for nobody", "headings": ["Medals for nobody"],
          "headline": "Battle of the piers: Medals for nobody"},
         "Battle of the piers: Medals for nobody"),
        ({"social": "Sport: Medals for nobody", "headings": ["Medals for nobody"],
          "headline": "Sport: Medals for nobody"}, "Medals for nobody"),
        # A page that calls itself by its headline.
        ({"social": "New pier opens to walkers in May", "headings": ["New pier opens to walkers in May"],
          "site_names": ["New pier opens to walkers in May"],
          "document_title": "New pier opens to walkers in May | Tidewater"},
         "New pier opens to walkers in May"),
        ({"document_title": "Making hybrid ferries work", "lower_headings":
          ["Tidewater, the service for science news", "Help"]}, "Making hybrid ferries work"),
        ({"social": "The ferry: a history of the crossing",
          "document_title": "The ferry: a history of the crossing", "lower_headings": ["The ferry: a"]},
         "The ferry: a history of the crossing"),
        ({"social": "渡し船の歴史", "document_title": "渡し船の歴史｜潮新聞", "headings": ["渡し船の歴史"]},
         "渡し船の歴史"),
    ],
)  # fmt: skip
def test_the_headline_is_the_one_above_the_story(witnesses, title):
    assert choose(**witnesses) == title


@pytest.mark.parametrize(
    ("title", "names", "bare"),
    [
        ("Velmora – 10 things to do", ["www.velmoraguide.example"], "Velmora – 10 things to do"),
        ("Things to do in Velmora – a long list", ["velmora.example"],
         "Things to do in Velmora – a long list"),
        ("Old mill turns – Velmora", ["velmora.example"], "Old mill turns"),
        ("Old mill turns | The Velmora", ["www.velmora.example"], "Old mill turns"),
        ("Old mill turns - Friends of the Velmora Museum", ["velmora-museum.example"], "Old mill turns"),
        ("Velmora Post: Old mill turns", ["Velmora Post"], "Velmora Post: Old mill turns"),
        ("Velmora Post | Old mill turns", ["Velmora Post"], "Old mill turns"),
        ("Old mill – turns again – Velmora Post", ["Velmora Post"], "Old mill – turns again"),
        ("“Old mill”: it turns — again", ["Velmora Post"], "“Old mill”: it turns — again"),
    ],
)  # fmt: skip
def test_only_the_name_of_the_site_is_taken_off(title, names, bare):
    assert Site.of(names, [title]).taken_off(title) == bare


TITLES = st.text(st.sampled_from("abc é漢-–|:» "), max_size=40)


@given(TITLES, st.lists(TITLES, max_size=3))
def test_what_is_left_of_a_title_is_a_part_of_it_and_never_nothing(title, names):
    bare = Site.of(names, [title]).taken_off(title, guess=True)
    assert bare.replace(" ", "") in title.replace(" ", "")
    assert bool(bare.strip()) == bool(title.strip())


@given(
    st.lists(TITLES, min_size=3, max_size=3),
    st.lists(TITLES, max_size=4),
    st.lists(TITLES, max_size=2),
)
def test_a_title_is_text_of_one_of_the_witnesses(titles, headings, names):
    social, headline, document_title = titles
    found = choose(
        social=social, headline=headline, document_title=document_title, headings=headings,
        site_names=names,
    )  # fmt: skip
    assert found is None or any(
        found.replace(" ", "") in text.replace(" ", "") for text in (*titles, *headings)
    )
