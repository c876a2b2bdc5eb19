"""Whole pages through the extractor, as HTML and as plain text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire import clean_page
from cleanwire.errors import NoArticle
from cleanwire.extract import extract_html, extract_text
from streams.testing.samples.stories import SCHLEUSE

P = [
    "The old mill at the end of the valley turned again on Friday, four years after it had stopped.",
    "Three hundred savers from the villages around had each bought a share for two hundred crowns.",
    "Eleven workers, seven of whom had been there before, make four thousand sheets of paper a day.",
    "The first orders came from the national archive and from a bookbinder across the strait.",
]
BODY = "".join(f"<p>{text}</p>" for text in P)


def page(body=BODY, head="<title>Old mill turns again | Valley Post</title>"):
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>"


def test_the_body_has_no_title_and_no_boilerplate():
    html = page(
        "<nav><a href='/'>Home</a> <a href='/n'>News</a></nav><article><h1>Old mill turns again</h1>"
        f"<p class='byline'>By Élodie Vasseur</p>{BODY}"
        "<aside><p>Sign up for our letter, it comes every morning and costs nothing at all.</p></aside>"
        "<div class='related'><a href='/a'>A boat that never left the shed</a></div></article>"
        "<footer><p>Copyright Valley Post. All rights reserved.</p></footer>"
    )
    found = extract_html(html, url="https://valley.example/mill")
    assert found.title == "Old mill turns again"
    assert found.paragraphs == tuple(P)
    assert found.authors == ("Élodie Vasseur",)
    assert found.removed["navigation"] == 2


def test_inline_markup_and_white_space_make_one_line():
    found = extract_html(
        page(
            f"<p>The <b>old</b>\n mill&nbsp;at <a href='/x'>the\tend</a> of\u200b the valley turned.</p>{BODY}"
        )
    )
    assert found.paragraphs[0] == "The old mill at the end of the valley turned."


def test_two_line_breaks_in_a_row_end_a_paragraph_and_one_does_not():
    joined = extract_html(page(f"<p>{P[0]}<br>{P[1]}</p><p>{P[2]}<br><br>{P[3]}</p>"))
    assert joined.paragraphs == (f"{P[0]} {P[1]}", P[2], P[3])


def test_a_page_in_one_form_and_marks_that_cover_everything_are_lifted():
    assert extract_html(page(f"<form class='sidebar paywall'>{BODY}</form>")).paragraphs == tuple(P)


def test_a_body_that_is_only_in_jsonld_is_found():
    data = json.dumps(
        {"@context": "https://schema.org", "@graph": [{"@type": "NewsArticle", "headline": "Mill",
         "articleBody": "\n".join(P), "author": [{"name": "Ada Lund"}, "Bo Ek"]}]}
    )  # fmt: skip
    found = extract_html(
        page("<div id='app'>Loading</div>", f"<script type='application/ld+json'>{data}</script>")
    )
    assert found.paragraphs == tuple(P)
    assert found.authors == ("Ada Lund", "Bo Ek")
    assert found.title == "Mill"


@pytest.mark.parametrize(
    "script",
    ['{"@type": "NewsArticle", "headline": "Mill",}', "{]", "null", '"x"', "[[[[", '{"@type": 7}',
     '{"@type":"NewsArticle","headline":["Mill"],"datePublished":{"a":1},"author":{"name":7}}'],
)  # fmt: skip
def test_broken_jsonld_does_no_harm(script):
    found = extract_html(
        page(BODY, f"<title>Mill</title><script type='application/ld+json'>{script}</script>")
    )
    assert found.title == "Mill"
    assert found.paragraphs == tuple(P)


@pytest.mark.parametrize(
    ("head", "published"),
    [
        ("<meta property='article:published_time' content='2026-11-03T10:00:00+01:00'>", "2026-11-03T10:00:00+01:00"),
        ("<meta name='date' content='2026-11-03'>", "2026-11-03"),
        ("<meta name='pubdate' content='Tue, 03 Nov 2026 10:00:00 GMT'>", "2026-11-03T10:00:00+00:00"),
        ("<script type='application/ld+json'>{\"@type\":\"Article\",\"datePublished\":\"2026-11-03T10:00Z\"}</script>", "2026-11-03T10:00:00Z"),
        ("<meta name='date' content='soon'>", None),
        ("<meta name='date' content='0001-01-01'>", None),
        ("<meta name='date' content='2026-02-31'>", None),
    ],
)  # fmt: skip
def test_dates_have_only_the_parts_that_the_page_has(head, published):
    assert extract_html(page(head=head)).published_at == published


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("Date:2031-04-09 01:35:10", "2031-04-09T01:35:10"),
        ("Published 3 November 2026, 10:15", "2026-11-03T10:15:00"),
        ("November 3, 2026", "2026-11-03"),
        ("Nov. 3, 2026 4:05 p.m.", "2026-11-03T16:05:00"),
        ("3. März 2026", "2026-03-03"),
        ("Publié le 3 août 2026 à 10h15", "2026-08-03T10:15:00"),
        ("3 de noviembre de 2026", "2026-11-03"),
        ("3 ноября 2026", "2026-11-03"),
        ("2026年11月3日 10時15分", "2026-11-03T10:15:00"),
        ("03.11.2026", "2026-11-03"),
        ("23/11/2026 10:15", "2026-11-23T10:15:00"),
        ("04/05/2026", None),
        ("3 minutes ago", None),
    ],
)
def test_visible_date_lines(line, date):
    assert extract_text("\n".join(["Old mill turns again", line, *P])).published_at == date


@pytest.mark.parametrize(
    ("byline", "authors"),
    [
        ("By Tamsin Okell", ("Tamsin Okell",)),
        ("Von Jörg Nübling und Käthe Öhring", ("Jörg Nübling", "Käthe Öhring")),
        ("By Ada Lund, Bo Ek and Cy Ott", ("Ada Lund", "Bo Ek", "Cy Ott")),
        ("森下 遥", ("森下 遥",)),
        ("Staff", ()),
        ("Valley Post", ()),
        ("@tamsin", ()),
        ("https://valley.example/author/7", ()),
        ("admin", ()),
        ("Newsroom Team", ()),
    ],
)
def test_authors_are_names_of_people(byline, authors):
    head = f"<title>x</title><meta name='author' content='{byline}'><meta property='og:site_name' content='Valley Post'>"
    assert extract_html(page(head=head)).authors == authors


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>Old mill turns again | Valley Post</title><meta property='og:site_name' content='Valley Post'>", "Old mill turns again"),
        ("<title>Old mill turns again - valley.example</title>", "Old mill turns again"),
        ("<title>Valley Post: x</title><meta property='og:title' content='Old mill turns again'>", "Old mill turns again"),
        ("<title>Rain, wind - and a mill that turns again</title>", "Rain, wind - and a mill that turns again"),
        ("", None),
    ],
)  # fmt: skip
def test_titles_have_no_site_name(head, title):
    assert extract_html(page(head=head), url="https://valley.example/x").title == title


def test_canonical_url_is_absolute_and_http():
    link = "<link rel='canonical' href='{}'>"
    url = "https://valley.example/a/b?x=1"
    assert (
        extract_html(page(head=link.format("/mill")), url=url).canonical_url
        == "https://valley.example/mill"
    )
    assert (
        extract_html(page(head=link.format("javascript:alert(1)")), url=url).canonical_url is None
    )
    assert extract_html(page(head=link.format("http://[x")), url=url).canonical_url is None


def test_the_detected_language_is_believed_against_a_wrong_declaration():
    german = "".join(f"<p>{text}</p>" for text in SCHLEUSE.paragraphs)
    assert extract_html(page(german)).language == "de"
    assert extract_html(page(BODY)).language == "en"


def test_lists_under_a_heading_and_counters_of_plain_text_are_removed():
    found = extract_text(
        "\n".join(
            [
                "Home > News",
                "Old mill turns again",
                "Date: 2026-11-03 10:00",
                *P,
                "Views: 1,234",
                "Related",
                "- A boat that never left the shed and nobody knows why it was built",
                "- Why the clocks of the valley run late",
                "- Twelve bridges that were never paid for",
                "- The man who counts the gulls of the harbour",
                "Mehr",
                "Seven questions about the ferry",
                "The soup that made a keeper famous in eleven countries and two islands",
            ]
        )
    )
    assert found.title == "Old mill turns again"
    assert found.paragraphs == tuple(P)


def test_hard_wrapped_text_is_joined():
    wrapped = "\n\n".join("\n".join([text[:40], text[40:80], text[80:]]) for text in P)
    assert extract_text(wrapped).paragraphs == tuple(" ".join(t.split()) for t in (
        " ".join([text[:40], text[40:80], text[80:]]) for text in P
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("language", "title", "story"),
    [
        (
            "ja",
            "灯籠の祭り、十二年ぶりに",
            [
                "北の港町で土曜日の夜、灯籠を海に浮かべる祭りが十二年ぶりに開かれた。防波堤の工事が終わった。",
                "町の人たちは夏の間に千二百個の灯籠を作り、小学校の体育館に並べて乾かしていたという。",
                "「父が最後に流した灯籠を覚えている」と、漁師の妻は話した。来年も同じ夜に開かれる予定だ。",
            ],
        ),
        (
            "zh",
            "山谷里的旧磨坊重新转动",
            [
                "星期五上午，山谷尽头的旧磨坊在停工四年之后重新转动，村里的孩子们放假半天前去观看。",
                "三百名储户每人出资两百元买下了这座磨坊，他们希望每年能卖出足够的纸来付清屋顶的修理费。",
                "磨坊主说，第一批订单来自国家档案馆和海峡对岸的一家装订厂，十一名工人每天能造四千张纸。",
            ],
        ),
        (
            "th",
            "โรงสีเก่าหมุนอีกครั้ง",
            [
                "โรงสีเก่าที่ปลายหุบเขากลับมาหมุนอีกครั้งเมื่อวันศุกร์ หลังจากหยุดไปสี่ปีเพราะน้ำท่วมใหญ่และขาดเงินซ่อมแซม",
                "ชาวบ้านสามร้อยคนซื้อหุ้นคนละสองร้อยบาทเพื่อช่วยกันจ่ายค่าหลังคาใหม่และค่าจ้างคนงานสิบเอ็ดคนในปีแรก",
                "คำสั่งซื้อแรกมาจากหอจดหมายเหตุแห่งชาติและร้านเย็บเล่มหนังสือที่อีกฝั่งของช่องแคบซึ่งรอมานานหลายเดือน",
            ],
        ),
    ],
)
def test_scripts_without_blanks(language, title, story):
    html = (
        f"<html lang='{language}'><head><title>{title}</title></head><body><ul>"
        f"<li><a href='/'>{title[:4]}</a></li><li><a href='/2'>{title[3:7]}</a></li></ul>"
        f"<div class='article-body'><h1>{title}</h1>{''.join(f'<p>{text}</p>' for text in story)}"
        "</div></body></html>"
    )
    found = extract_html(html)
    assert found.language == language
    assert found.title == title
    assert found.paragraphs == tuple(story)
    flat = extract_text("\n".join([title[:4], title, *story, title[3:7]]))
    # A line of a few signs beside so short a story may be taken for its end.
    assert flat.paragraphs[: len(story)] == tuple(story)
    assert len(flat.paragraphs) <= len(story) + 1


LINKS = "".join(
    f"<li><a href='/{n}'>A headline of some words number {n}</a></li>" for n in range(30)
)


@pytest.mark.parametrize(
    "body",
    ["", "<p></p>", f"<ul>{LINKS}</ul>", "<p>Loading...</p>",
     f"<ul>{LINKS}</ul><p>8 results for bridge</p><p>Next page</p>",
     f"<h1>404</h1><p>The page you want is not there. {P[0]}</p>"],
)  # fmt: skip
def test_a_page_that_is_no_article_is_rejected(body):
    with pytest.raises(NoArticle):
        extract_html(page(body, "<title>404 Not found</title>"))


def test_a_rejected_page_gives_its_text_if_no_article_is_required():
    short = page("<p>Far too short a story.</p>")
    assert extract_html(short, require_article=False).paragraphs == ("Far too short a story.",)


def test_depth_attributes_and_length_do_no_harm():
    deep = "<div>" * 500 + BODY
    assert extract_html(page(deep)).paragraphs == tuple(P)
    many = "<p " + " ".join(f"a{n}=1" for n in range(500)) + f">{P[0]}</p>{BODY}"
    assert extract_html(page(many)).paragraphs[0] == P[0]
    assert extract_html(page("<p>" + "x " * 500_000 + "</p>")).paragraphs


PIECES = st.sampled_from(
    ["<p>", "</p>", "<div class='nav'>", "</div>", "<a href='#'>", "</a>", "<br>", "<h1>", "</h1>",
     "<table><tr><td>", "</table>", "<script>", "</script>", "<title>", "</title>", "<!--", "-->",
     "<meta property='og:title' content='", "'>", "&amp;", "&#0;", "&#x110000;", "\x00", "\u200b", P[0], P[1]]
)  # fmt: skip


def check(extract, text):
    try:
        found = extract(text)
    except NoArticle as error:
        assert "\n" not in error.detail
        return
    assert found.paragraphs
    for line in found.paragraphs:
        assert line == " ".join(line.split())
        assert "\x00" not in line
    assert all(isinstance(count, int) and count >= 0 for count in found.removed.values())


def test_a_broken_url_does_no_harm():
    assert extract_html(page(), url="http://[broken").paragraphs == tuple(P)
    assert clean_page(page(), url="http://[broken").site is None


@given(st.lists(PIECES | st.text(max_size=20), max_size=40).map("".join))
@settings(deadline=None)
def test_any_html_is_an_article_or_none(html):
    check(extract_html, html)


@given(st.lists(st.text(max_size=60) | st.sampled_from(P), max_size=20).map("\n".join))
@settings(deadline=None)
def test_any_text_is_an_article_or_none(text):
    check(extract_text, text)


@pytest.fixture
def seed(shared):
    return shared / "data" / "seed"


@pytest.mark.parametrize("form", ["html", "txt"])
def test_the_sample_farm_page(seed, form):
    expected = json.loads((seed / "content-farm-page.expected.json").read_text("utf-8"))
    body = (seed / f"content-farm-page.{form}").read_bytes()
    article = clean_page(body, content_type="text/html" if form == "html" else "text/plain")
    assert article.title == expected["title"]
    assert article.language == expected["language"]
    assert article.published_at == expected["published_at"]
    paragraphs = article.text.split("\n\n")
    assert [text for text in expected["must_contain_paragraphs"] if text not in paragraphs] == []
    text = f"{article.title}\n{article.text}"
    assert [words for words in expected["must_not_contain"] if words in text] == []
    assert article.authors == ()
