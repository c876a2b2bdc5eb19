"""What pages say of themselves: titles, authors, dates and the rest."""

import datetime as dt
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.metadata.authors.line_authors import authors_in_lines
from cleanwire.extract.metadata.authors.person_names import names
from cleanwire.extract.metadata.dates import find_date
from cleanwire.extract.metadata.metadata import read_metadata, with_elements
from cleanwire.extract.metadata.published import is_day_first, url_day


def read(head="", body="", url="https://valley.example/a", lang="en"):
    html = f"<html lang='{lang}'><head>{head}</head><body>{body}</body></html>"
    tree = LexborHTMLParser(html)
    metadata = read_metadata(tree, url)
    return with_elements(metadata, tree, read_html(tree), url)


def jsonld(*nodes):
    return f'<script type="application/ld+json">{json.dumps(list(nodes))}</script>'


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Old mill turns | Valley Post</title>", "<h1>Old mill turns</h1>", "Old mill turns"),
        ("<title>Old mill turns again - Valley Post</title>", "<h1>Valley Post</h1>",
         "Old mill turns again"),
        (('<title>Old mill turns | My Diary</title><meta property="og:title" content="Old mill turns">'
          '<meta property="og:site_name" content="My Diary">'),
         "<h1>My Diary</h1><h2>Old mill turns</h2>", "Old mill turns"),
        ('<meta property="og:title" content="Old mill turns again">',
         "<h1>News Old mill turns again</h1>", "Old mill turns again"),
        ("<title>Valley Post</title>", "<h1>Something else entirely here</h1>",
         "Something else entirely here"),
        (jsonld({"@type": "NewsArticle", "headline": "Mill turns"}), "", "Mill turns"),
        ("", "", None),
    ],
)  # fmt: skip
def test_titles(head, body, title):
    assert read(head, body).title == title


PERSON = {"@type": "Person", "@id": "#p", "name": "Ada Quill"}


@pytest.mark.parametrize(
    ("head", "body", "authors"),
    [
        (jsonld({"@type": "Article", "author": [{"name": "Ada Quill"}, "Bo Lund"]}), "",
         ("Ada Quill", "Bo Lund")),
        (jsonld({"@type": "Article", "author": {"@id": "#p"}}, PERSON), "", ("Ada Quill",)),
        (('<meta name="twitter:label1" content="Written by">'
          '<meta name="twitter:data1" content="Ada Quill @adaquill">'), "", ("Ada Quill",)),
        ('<meta name="author" content="Valley Staff">',
         "<a rel='author' href='/x'>Tove</a>", ("Tove",)),
        ("", "<div class='post-byline'>By Ada Quill</div>", ("Ada Quill",)),
        ("", "<p>Text <a href='/author/ada-quill/'>Ada Quill</a></p>", ("Ada Quill",)),
        ("", "<p class='author'>Ada Quill<br> 4 August 2026</p>", ("Ada Quill",)),
        ("", "<p class='author'>May 4, 2026 | Ada Quill August 4</p>", ("Ada Quill",)),
        ("", "<div class='comments'><span class='author'>Ida Storm</span></div>", ()),
        ("", "<div class='teaser'><span class='author'>Ida Storm</span></div>", ()),
        ('<meta name="author" content="admin"><meta property="og:site_name" content="Valley Post">',
         "<span class='author'>Valley Post</span>", ()),
    ],
)  # fmt: skip
def test_authors(head, body, authors):
    assert read(head, body).authors == authors


@pytest.mark.parametrize(
    ("head", "body", "organisations"),
    [
        (jsonld({"@type": "Article", "author": {"@type": "Organization", "name": "Northern Wire"}}),
         "", ("Northern Wire",)),
        ('<meta name="author" content="Northern Press">', "", ("Northern Press",)),
        (('<meta name="author" content="Valley Post">'
          '<meta property="og:site_name" content="Valley Post">'), "", ()),
        ('<meta name="author" content="Newsroom">', "", ()),
        (('<meta name="author" content="Ada Quill">'
          '<meta property="og:site_name" content="Ada Quill">'), "", ("Ada Quill",)),
    ],
)  # fmt: skip
def test_agencies_are_authors_if_no_person_is(head, body, organisations):
    found = read(head, body)
    assert found.authors == ()
    assert found.organisations == organisations


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("By Ada Quill | 3 May 2026", ("Ada Quill",)),
        ("03.05.2026, 14:00 Uhr - Von Ada Quill und Bo Lund", ("Ada Quill", "Bo Lund")),
        ("Par Élodie Vasseur", ("Élodie Vasseur",)),
        ("Por Inés Llano, 4 de mayo", ("Inés Llano",)),
        ("Door Jan Kuiper", ("Jan Kuiper",)),
        ("Автор: Анна Белова", ("Анна Белова",)),
        ("Yazan: Deniz Kaya", ("Deniz Kaya",)),
        ("بقلم سامي حداد", ("سامي حداد",)),
        ("作者：王小明", ("王小明",)),
        ("Standing by the river", ()),
        ("By our correspondent", ()),
        ("Direkt zum Inhalt", ()),
        ("ByAda Quill", ("Ada Quill",)),
    ],
)
def test_bylines(line, authors):
    assert authors_in_lines(["News", line], ("Valley Post",)) == authors


@pytest.mark.parametrize(
    ("url", "body", "lang", "date"),
    [
        ("https://a.example/2026/05/03/mill", "", "en", "2026-05-03"),
        ("https://a.example/2026/05/03/mill",
         "<time datetime='2009-04-11'>x</time><time datetime='2026-05-03T10:00:00Z'>x</time>", "en",
         "2026-05-03T10:00:00Z"),
        ("https://a.example/x", "<span class='post-date'>03/04/2026</span>", "de", "2026-04-03"),
        ("https://a.example/x", "<span class='post-date'>03/04/2026</span>", "en-US", "2026-03-04"),
        ("https://a.co.uk/x", "<span class='post-date'>03/04/2026</span>", "en", "2026-04-03"),
        ("https://a.example/x", "<div class='related'><time>2026-05-03</time></div>", "en", None),
        ("https://a.example/x", "<div class='uploaded-date'>23.09.22</div>", "de", "2022-09-23"),
        ("https://a.example/x", "<div class='date'>Version 10.23.09.22</div>", "de", None),
        ("https://a.example/x", "<span property='schema:dateCreated' content='2022-01-28'></span>",
         "de", "2022-01-28"),
    ],
)  # fmt: skip
def test_dates_of_elements_and_urls(url, body, lang, date):
    assert read("", body, url, lang).published_at == date


def test_the_other_fields():
    found = read(
        '<meta property="og:image" content="/i.jpg"><meta property="article:section" content="Isles">'
        '<meta property="article:tag" content="ferry"><meta property="article:tag" content="pier">'
        '<meta property="og:site_name" content="Valley Post"><link rel="canonical" href="/c">'
        + jsonld({"@type": "NewsArticle", "isAccessibleForFree": "False"})
    )
    assert found.image == "https://valley.example/i.jpg"
    assert found.section == "Isles"
    assert found.tags == ("ferry", "pier")
    assert found.site_name == "Valley Post"
    assert found.canonical_url == "https://valley.example/c"
    assert found.paywalled is True
    assert found.language == "en"
    assert read().paywalled is None
    assert read('<meta property="og:image" content="javascript:alert(1)">').image is None


@pytest.mark.parametrize("strange", ["\\ud800", "\\u0000", "\\u202e", "\\n", "\\u001f"])
def test_a_url_with_characters_that_no_url_has_is_none(strange):
    # The trailing comma makes the second JSON reader read it, which accepts lone surrogates.
    script = f'{{"@type": "NewsArticle", "image": "https://a.example/{strange}x",}}'
    assert read(f'<script type="application/ld+json">{script}</script>').image is None


@pytest.mark.parametrize("depth", [500, 1010, 5000])
@pytest.mark.parametrize(
    "field", ['"isAccessibleForFree": {}', '"author": {{"@type": {}, "name": "Ada Quill"}}']
)
def test_a_deeply_nested_value_is_left_out(field, depth):
    deep = "[" * depth + "]" * depth
    script = '{"@type": "NewsArticle", ' + field.format(deep) + "}"
    found = read(f'<script type="application/ld+json">{script}</script>')
    assert found.paywalled is None
    assert found.authors in ((), ("Ada Quill",))


def test_any_of_several_types_can_tell_an_organisation():
    for kind in (
        "Organization",
        "https://schema.org/NewsMediaOrganization",
        ["Thing", "Organization"],
    ):
        node = {"@type": "Article", "author": {"@type": kind, "name": "Valley Desk Group"}}
        assert read(jsonld(node)).authors == ()


def test_reading_nested_bylines_takes_bounded_time():
    text = "<p>A sentence of a long story ends here.</p>" * 3000
    nested = "<div class=byline>" * 400
    began = time.process_time()
    assert read(body=f"{nested}{text}</div>").authors == ()
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("+\u09e6\u09e7:\u09e6\u09e6", "+01:00"),
        ("+99:99", ""),
        ("-0330", "-03:30"),
        ("+14:00", "+14:00"),
        (" UTC", "Z"),
        ("+15:00", ""),
    ],
)
def test_a_zone_exists_on_earth_and_is_given_in_ascii(zone, said):
    assert find_date(f"2025-01-01T10:00:00{zone}") == f"2025-01-01T10:00:00{said}"


def test_a_day_in_a_url_is_found():
    assert url_day("https://a.example/news/20260503-mill") == "2026-05-03"
    assert url_day("https://a.example/2026/13/41/mill") is None
    assert url_day("http://[") is None
    assert is_day_first(None, None) is None


@given(st.text(max_size=120), st.sampled_from([None, True, False]))
def test_a_found_date_is_iso_8601_and_is_found_in_itself(text, day_first):
    found = find_date(text, day_first=day_first)
    if found is not None:
        dt.datetime.fromisoformat(found)
        assert find_date(found) == found


@given(
    st.integers(1990, 2100), st.integers(1, 12), st.integers(1, 28), st.sampled_from("-/."),
)  # fmt: skip
def test_every_day_is_found_in_three_forms(year, month, day, mark):
    iso = f"{year:04}-{month:02}-{day:02}"
    assert find_date(f"Stand: {year}{mark}{month:02}{mark}{day:02}") == iso
    assert find_date(f"{day:02}.{month:02}.{year}") == iso
    assert find_date(f"{day:02}/{month:02}/{year}", day_first=True) == iso
    assert find_date(f"{month:02}/{day:02}/{year}", day_first=False) == iso


@given(st.lists(st.text(max_size=250), max_size=5), st.booleans())
def test_names_are_bounded_and_printable(bylines, one_word):
    found = names(bylines, one_word=one_word)
    assert len(found) <= 20
    for name in found:
        assert name == " ".join(name.split())
        assert len(name) <= 200
