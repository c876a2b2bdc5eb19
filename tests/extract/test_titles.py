"""The headline among the titles that a page has, and the name of the site beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.metadata.metadata import read_metadata
from cleanwire.extract.metadata.titles.page_headings import PageHeadings
from cleanwire.extract.metadata.titles.site_names import Site
from cleanwire.extract.metadata.titles.titles import choose_title


def choose(headings=(), lower_headings=(), **witnesses):
    asked = {"headline": None, "social": None, "document_title": None}
    found = PageHeadings(
        all_first=tuple(headings), first=tuple(headings), second=tuple(lower_headings),
        third=(), of_site=(),
    )  # fmt: skip
    return choose_title(headings=found, **(asked | witnesses))


def title_of(head, body, url="https://valley.example/town/2031/05/new-pier-opens"):
    page = f"<html><head>{head}</head><body>{body}</body></html>"
    return read_metadata(LexborHTMLParser(page), url).title


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
        # A second-level heading that only resembles a title is one part of the story.
        ({"social": "Ferry travel: how to cross well with your new dog",
          "document_title": "Ferry travel: how to cross well with your new dog",
          "lower_headings": ["How to cross with your dog in winter"]},
         "Ferry travel: how to cross well with your new dog"),
        ({"social": "Crossing tips: the ferry or the bridge? What is best",
          "document_title": "Crossing tips: the ferry or the bridge? What is best",
          "headings": ["Crossing tips: ferries against bridges"],
          "lower_headings": ["In short – the ferry or the bridge?"]},
         "Crossing tips: ferries against bridges"),
        # ... and so is one that is a part of a title, below the only heading of the story.
        ({"social": "5 best ferry routes for 2031 and later", "headings":
          ["Top 5 ferry routes to look at in 2031"],
          "lower_headings": ["5 best ferry routes for 2031"]},
         "Top 5 ferry routes to look at in 2031"),
        # A heading that equals a title goes before one that only resembles it.
        ({"document_title": "Piers and ferries » Tidewater", "headings":
          ["Tidewater Society for Piers, Walkers and Ferries"],
          "lower_headings": ["Piers and ferries"], "site_names": ["tidewater.example"]},
         "Piers and ferries"),
        # The card says more than the heading that begins as it does.
        ({"social": "How to board a ferry: notes for beginners", "document_title":
          "How to board a ferry: notes for beginners", "headings": ["How to board a ferry (in style!)"]},
         "How to board a ferry (in style!)"),
        ({"social": "New pier opens to walkers", "headings":
          ["New pier opens to walkers 02.02.2031 • Tidewater Walking Club, Press, All of the News"]},
         "New pier opens to walkers"),
        # The site's name is the other end of the document title.
        ({"document_title": "Old pier, new walkers — notes on the harbour",
          "headings": ["notes on the harbour", "Old pier, new walkers"]}, "Old pier, new walkers"),
        ({"document_title": "舊碼頭的新散步路線 (2) @ 港邊日記 :: 潮報 Blog ::",
          "headings": ["潮報 Blog"], "lower_headings": ["舊碼頭的新散步路線 (2)"]},
         "舊碼頭的新散步路線 (2)"),
        ({"document_title": "港町日記 - 新しい桟橋が歩行者に開放され、渡し船の時刻表も変わった",
          "headings": ["港町日記"], "lower_headings":
          ["■ 新しい桟橋が歩行者に開放され、渡し船の時刻表も変わった"]},
         "■ 新しい桟橋が歩行者に開放され、渡し船の時刻表も変わった"),
        # A section behind the headline is no headline, though the page has it as a heading.
        ({"document_title": "Neue Brücke freigegeben - Stadtleben und Verkehr in der Region",
          "headings": ["Neue Brücke freigegeben"], "lower_headings": ["Stadtleben und Verkehr"]},
         "Neue Brücke freigegeben"),
        # The address has the words of the headline.
        ({"social": "After the vote the harbour is in for a HUGE surprise",
          "lower_headings": ["Menu", "Harbour Council Drops the Plan for Second Pier", "Adverts"],
          "address": "https://valley.example/harbour-drops-plan-second-pier/"},
         "Harbour Council Drops the Plan for Second Pier"),
        ({"document_title": "Days out by the river and the sea", "headings": ["Alt-Kesselhafen"],
          "address": "https://valley.example/trips/altkesselhafen/altkesselhafen.htm"},
         "Alt-Kesselhafen"),
        ({"social": "Harbour council votes", "lower_headings": ["More on the harbour plan today"],
          "address": "https://valley.example/harbour-plan-vote-council-second-reading"},
         "Harbour council votes"),
        # A mark behind which the site has nothing.
        ({"document_title": "Old mill turns again |"}, "Old mill turns again"),
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
        # A first part that has more than the name is no name.
        ("Old mill turns again @ Velmora Post :: Blogs", ["Velmora Post"],
         "Old mill turns again @ Velmora Post :: Blogs"),
        ("Velmora Post: Old mill turns", ["Velmora Post"], "Velmora Post: Old mill turns"),
        ("Velmora Post | Old mill turns", ["Velmora Post"], "Old mill turns"),
        ("Old mill – turns again – Velmora Post", ["Velmora Post"], "Old mill – turns again"),
        # Guillemets are quotation marks if both are there, and separators if not.
        ("El alcalde admite su «preocupación» ante todos", [], "El alcalde admite su «preocupación» ante todos"),
        ("Мэр посетил завод «Прогресс» вчера", [], "Мэр посетил завод «Прогресс» вчера"),
        ("« La roue tourne » pour le maire | Velmora Post", ["Velmora Post"], "« La roue tourne » pour le maire"),
        ("Velmora Post » Old mill turns", ["Velmora Post"], "Old mill turns"),
        ("“Old mill”: it turns — again", ["Velmora Post"], "“Old mill”: it turns — again"),
    ],
)  # fmt: skip
def test_only_the_name_of_the_site_is_taken_off(title, names, bare):
    assert Site.of(names, [title]).taken_off(title, guess=not names) == bare


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


@pytest.mark.parametrize(
    ("body", "title"),
    [
        # What leads to the home page or to a folder above the page is no headline.
        (("<h1><a href='/'>Notes on Boats and Piers</a></h1><p>One.</p>"
         "<h2>Nice crossings of the year</h2>"), "Nice crossings of the year"),
        (("<a href='https://www.valley.example/'><h1>Notes on Boats and Piers</h1></a>"
         "<h2>Nice crossings of the year</h2>"), "Nice crossings of the year"),
        (("<h1><span><a href='../../index.html'><b>Town and Harbour News</b></a></span></h1>"
         "<h2>Nice crossings of the year</h2>"), "Nice crossings of the year"),
        # What leads to the page itself is, at its lower level.
        (("<h1>Wind, Water and Piers</h1><h2><a rel='bookmark' href='/town/2031/05/new-pier-opens'>"
         "Nice crossings of the year</a></h2>"), "Nice crossings of the year"),
        ("<h1>नदी और नाव की खबरें</h1><h2><a href='new-pier-opens#top'>नया घाट खुल गया है</a></h2>",
         "नया घाट खुल गया है"),
        # A date above the entries of a day is none.
        ("<h1>Wind and Water</h1><h2><a href='new-pier-opens'>2031年05月09日</a></h2>", "Wind and Water"),
        # A headline may lead to another page, and a part of it to any page.
        ("<h1><a href='https://other.example/'>Nice crossings of the year</a></h1><h2>Why we go</h2>",
         "Nice crossings of the year"),
        ("<h1><a href='/'>Town</a>: nice crossings of the year</h1><h2>Why we go</h2>",
         "Town: nice crossings of the year"),
        # The sign of a link to the heading's own place is no part of it.
        ("<h1>Nice crossings of the year<a class='headerlink' href='#nice'>¶</a> </h1>",
         "Nice crossings of the year"),
        ("<h1>Why I moor in C#</h1>", "Why I moor in C#"),
    ],
)  # fmt: skip
def test_a_heading_is_told_by_where_it_leads(body, title):
    assert title_of("", body) == title


def test_the_name_in_a_heading_that_leads_home_is_taken_off_the_title():
    body = "<h1><a href='/'>Notes on Boats</a></h1><p>One.</p>"
    assert title_of("<title>Notes on Boats – A long crossing</title>", body) == "A long crossing"
    longer = "<title>Boats and notes – A long crossing</title>"
    assert title_of(longer, body) == "Boats and notes – A long crossing"


def test_a_home_page_as_the_canonical_url_tells_nothing_of_headings():
    body = "<h1><a href='/'>Notes on Boats and Piers</a></h1><h2>Nice crossings of the year</h2>"
    head = "<link rel='canonical' href='https://valley.example/'>"
    assert title_of(head, body) == "Nice crossings of the year"


@pytest.mark.parametrize("rest", ["2", "page/2/", "amp/", "page-3", "?page=2"])
def test_a_heading_that_leads_to_the_first_page_of_a_story_is_its_headline(rest):
    body = (
        "<h1><a href='/town/new-pier/'>Nice crossings of the year</a></h1><h2>Why we go there</h2>"
    )
    url = f"https://valley.example/town/new-pier/{rest}"
    assert title_of("", body, url) == "Nice crossings of the year"
