"""Which article in JSON-LD is the page's own, and its text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract import extract_html
from cleanwire.extract.metadata.jsonld import read_jsonld
from cleanwire.extract.metadata.metadata import read_metadata
from cleanwire.extract.metadata.stories import lines_of

URL = "https://valley.example/news/mill"
OTHER = {"@type": "NewsArticle", "headline": "Lighthouse keeper retires", "url": "https://valley.example/other",
         "datePublished": "2020-01-01", "author": {"@type": "Person", "name": "Otto Other"}}  # fmt: skip
OWN = {
    "@type": "NewsArticle",
    "datePublished": "2026-11-03",
    "author": {"@type": "Person", "name": "Ada Quill"},
}
SENTENCES = [
    f"The mill at the {place} turned again after a long rest, and many people came to see it."
    for place in ("river", "bridge", "harbour", "market", "station")
]


def read(script, head=""):
    html = f"<html lang=en><head><title>Old mill turns again | Valley Post</title>{head}{script}</head><body><h1>Old mill turns again</h1></body></html>"
    return read_metadata(LexborHTMLParser(html), URL)


def script(data, before="", after=""):
    return f'<script type="application/ld+json">{before}{json.dumps(data)}{after}</script>'


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize(
    "own",
    [
        {"url": URL}, {"@id": URL + "#article"}, {"mainEntityOfPage": {"@id": URL}}, {"mainEntityOfPage": URL},
        {"headline": "Old mill turns again"}, {"headline": "OLD MILL TURNS AGAIN", "url": URL + "?utm_source=x"},
    ],
)  # fmt: skip
def test_of_several_articles_the_pages_own_is_read(own, graph):
    nodes = [OTHER, OWN | own, OTHER | {"url": "https://valley.example/third"}]
    found = read(script({"@graph": nodes} if graph else nodes))
    assert (found.authors, found.published_at) == (("Ada Quill",), "2026-11-03")


def test_data_of_another_story_fill_no_missing_field():
    found = read(script([OTHER, {"@type": "NewsArticle", "url": URL}]))
    assert (found.authors, found.published_at) == ((), None)
    assert read(script([OTHER])).published_at is None


def test_a_single_article_that_does_not_name_its_page_is_believed():
    assert read(script(OWN | {"headline": "A headline for searches"})).published_at == "2026-11-03"
    assert read(script(OWN)).authors == ("Ada Quill",)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<![CDATA[", "]]>"), ("\n<![CDATA[\n", "\n]]>\n"), ("//<![CDATA[\n", "\n//]]>"),
        ("/* <![CDATA[ */", "/* ]]> */"), ("<!--//--><![CDATA[//><!--\n", "\n//--><!]]>"), ("<!--", "-->"),
    ],
)  # fmt: skip
def test_marks_around_a_script_are_removed(before, after):
    assert read(script(OWN, before, after)).published_at == "2026-11-03"


@pytest.mark.parametrize(
    "broken",
    [
        '{"@type": "Article", "author": "Ada Quill",}',
        '{"@type": "Article", /* the writer */ "author": "Ada Quill" // ends\n}',
        '{"@type": "Article", "url": "https://tide.example//a", "author": "Ada Quill",}',
        '{"@type": "WebSite"} {"@type": "Article", "author": "Ada Quill"}',
        '{"@type": "WebSite"},\n{"@type": "Article", "author": "Ada Quill"};',
        '{"@type": "Article", "description": "two\nlines\tand a tab", "author": "Ada Quill"}',
        '{"@type": "Article", "author": "Ada Quill"} {"@type": "Broken", ',
    ],
)
def test_a_script_that_is_nearly_json_is_read(broken):
    assert read(f'<script type="application/ld+json">{broken}</script>').authors == ("Ada Quill",)


INTEGERS = st.integers(-(2**63), 2**64 - 1)
"""Larger ones are read as fractions, as a browser does."""


@given(st.recursive(st.none() | INTEGERS | st.text(), st.lists, max_leaves=9))
def test_a_script_that_is_json_is_read_as_it_is(value):
    node = OWN | {"keywords": value, "about": "/* no comment */, ] // none"}
    assert read_jsonld(LexborHTMLParser(script(node)).css("script")) == [
        json.loads(json.dumps(node))
    ]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;", ("One.", "Two.")),
        ("&amp;lt;p&amp;gt;One &amp;amp; two.&amp;lt;/p&amp;gt;", ("One & two.",)),
        ("<p>One <b>more</b>.</p><p>Two.</p>", ("One more.", "Two.")),
        ("One.<br>Two.<br/><br/>Three.", ("One.", "Two.", "Three.")),
        ("One.&lt;br /&gt;Two.", ("One.", "Two.")),
        ("Fish &amp; chips&nbsp;shop &#8217;n&#x2019; more", ("Fish & chips shop ’n’ more",)),
        ("If a < b and b > c &lt; d.\nTwo.", ("If a < b and b > c < d.", "Two.")),
        ("One.\nTwo.", ("One.", "Two.")),
    ],
)
def test_markup_in_the_body_of_an_article_is_removed(body, lines):
    assert lines_of(body) == lines


def test_the_text_of_a_live_blog_is_its_entries():
    updates = [{"@type": "BlogPosting", "headline": f"Entry {place}", "articleBody": sentence}
               for place, sentence in enumerate(SENTENCES)]  # fmt: skip
    node = {
        "@type": "LiveBlogPosting",
        "headline": "Old mill turns again",
        "liveBlogUpdate": updates,
    }
    html = f"<html lang=en><head>{script(node)}</head><body><h1>Old mill turns again</h1><p>Loading</p></body></html>"
    found = extract_html(html, url=URL)
    assert [text for text in found.paragraphs if text in SENTENCES] == SENTENCES


def test_entries_in_the_data_do_not_replace_the_story_that_a_live_blog_shows():
    updates = [{"@type": "BlogPosting", "articleBody": f"{sentence} {word}"}
               for sentence in SENTENCES for word in "one two three four five six".split()]  # fmt: skip
    node = {"@type": "LiveBlogPosting", "headline": "Mill", "liveBlogUpdate": updates}
    told = [
        f"{sentence} Nobody had asked for it." for sentence in (*SENTENCES, SENTENCES[0] + " Yet.")
    ]
    body = "".join(f"<p>{text}</p>" for text in told)
    html = f"<html lang=en><head>{script(node)}</head><body><article><h1>Mill</h1>{body}</article></body></html>"
    assert list(extract_html(html, url=URL).paragraphs) == told
