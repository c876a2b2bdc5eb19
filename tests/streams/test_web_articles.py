"""The list of outcomes: over a real store, without a broker."""

import dataclasses
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from helpers.view_pages import Bus, browsing, decided
from helpers.view_stand import NOW, SAMPLES, ask, listed, of_kind, standing, tree_of, words_of
from streams.web.articles.search_form import query_of
from streams.web.pages.articles import Answer, Form, Listing, articles
from streams.web.store.model import Count, Part


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """The view over the sample pages: its port, the outcomes, and the bus."""
    with standing(tmp_path_factory.mktemp("stand")) as found:
        yield found


def test_a_page_is_found_by_url_id_words_and_place(stand):
    near = of_kind(stand, "near")
    original = next(one for one in stand[1] if one.article == near.copy_of)
    wanted = f"./articles/{near.article}"
    assert wanted in listed(stand, "?" + urllib.parse.urlencode({"q": near.url}))
    assert listed(stand, f"?q={near.article.upper()}") == [wanted]
    assert listed(stand, f"?q=raw-pages:0:{near.source.offset}") == [wanted]
    words = urllib.parse.urlencode({"q": " ".join(original.title.split()[:3])})
    assert f"./articles/{original.article}" in listed(stand, f"?{words}&outcome=clean")
    assert listed(stand, "?q=lighthouse+nowhere+ever") == []


@pytest.mark.parametrize("kind", ["new", "near", "excerpt", "no-article", "not-json"])
def test_the_list_is_filtered_by_kind_and_outcome(stand, kind):
    tree = tree_of(stand, f"/articles?kind={kind}")
    found = [node.text().split() for node in tree.css("tbody tr td:nth-child(2)")]
    expected = [one for one in stand[1] if one.kind == kind]
    assert found == [[one.outcome, kind] for one in expected]
    assert words_of(tree, "h2").startswith(f"{len(expected)} outcome")
    assert (
        tree.css_first(f"select[name=kind] option[value={kind}]").attributes.get("selected", 0)
        is None
    )


def test_the_list_is_filtered_by_site_and_time(stand):
    one = of_kind(stand, "excerpt")
    tree = tree_of(stand, f"/articles?site={one.site.upper()}&outcome=duplicate")
    assert one.url in words_of(tree)
    assert listed(stand, "?since=2100-01-01T00:00") == []
    assert listed(stand, "?until=1999-12-31") == []
    assert listed(stand, "?since=1999-12-31T23:59:59%2B01:00&kind=near")


def test_the_list_goes_on_where_it_ended(tmp_path):
    bus = Bus()
    record = decided([SAMPLES[0].value], bus)[0]
    many = [
        dataclasses.replace(
            record, at=record.at - n, source=dataclasses.replace(record.source, offset=n)
        )
        for n in range(120)
    ]
    with browsing(tmp_path, many, bus) as port:
        seen, query, pages = [], "?outcome=clean", 0
        while query:
            tree = LexborHTMLParser(ask(port, f"/articles{query}")[1])
            assert words_of(tree, "main h2") == "120 outcomes"
            seen += [node.text() for node in tree.css("tbody time")]
            links = {node.text(): node.attributes["href"] for node in tree.css(".pager a")}
            assert ("Newest" in links) == (pages > 0)
            query, pages = links.get("Older"), pages + 1
        assert (len(seen), pages) == (120, 3)
        assert seen == sorted(seen, reverse=True)


def test_a_copy_shows_the_title_of_what_it_copies(stand):
    near = of_kind(stand, "near")
    original = next(one for one in stand[1] if one.article == near.copy_of)
    tree = tree_of(stand, f"/articles?q={near.article}")
    link = tree.css_first(f'td a[href="./articles/{near.copy_of}"]')
    assert link.text() == original.title


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since=yesterday", "The time “yesterday” in “from” cannot be read"),
        ("until=2026-13-45T10:00", "The time “2026-13-45T10:00” in “until” cannot be read"),
        ("since=9999999999999999999", "cannot be read; write it like 2026-11-03T10:00"),
        ("since=2026-11-04&until=2026-11-03", "The time range is empty"),
        ("outcome=lost", "There is no outcome “lost”; choose clean, duplicate, rejected."),
        ("kind=%3Cb%3E", "There is no kind or reason “<b>”"),
        ("outcome=clean&kind=near", "No clean page has the kind near"),
        ("before=-1", "The list cannot go on at “-1”"),
        ("before=99999999999999999999", "which is no key"),
        ("q=%21%3F", "has no letter and no digit"),
        ("since=" + "9" * 3000, "…”"),
    ],
)
def test_a_query_that_is_wrong_is_told_what_is(stand, query, says):
    tree = tree_of(stand, f"/articles?{query}", status=400)
    assert says in words_of(tree, "[role=alert]")
    assert not tree.css("table")


@given(
    st.dictionaries(
        st.sampled_from(["q", "site", "outcome", "kind", "since", "until", "before"]),
        st.text(max_size=30)
        | st.sampled_from(["clean", "near", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "20261103", "2026-W45", "1"]),
    )
)  # fmt: skip
def test_any_query_is_a_filter_or_a_sentence(given_):
    asked = query_of(given_)
    page = articles(asked.form, Answer(problems=asked.problems), NOW)
    assert len(LexborHTMLParser(page).css("[role=alert] p")) == len(asked.problems)
    if not asked.problems:
        # What a form sends of what it shows is the same query.
        again = {name: text for name, text in dataclasses.asdict(asked.form).items() if text}
        assert query_of(again).wanted == asked.wanted


def test_a_store_that_is_off_says_why_and_the_latest_are_shown(tmp_path):
    with browsing(tmp_path, is_on=False) as port:
        status, body = ask(port, "/articles?kind=near")
        assert status == 200
        assert "The store is off: it is not open yet." in body
        status, body = ask(port, "/articles/" + 32 * "0")
        assert (status, "The store is off" in body) == (503, True)


def test_more_than_can_be_counted_is_said():
    listing = Listing(
        part=Part(items=(), following=None), count=Count(number=10_000, more=True), originals={}
    )
    assert "More than 10,000 outcomes" in articles(Form(), Answer(listing=listing), NOW)
