"""Which pages are articles, and which are rejected because they are none."""

import numpy as np
import orjson
import pytest

import cleanwire
from cleanwire import CleanArticle, Pipeline, Source
from cleanwire.errors import NoArticle
from cleanwire.explain import explain_page
from cleanwire.extract import extract_html
from cleanwire.extract.model import forest
from cleanwire.extract.model.page_kind import FEWEST_LINKS, STREAM_SHARE, names_section

GOODS = "Oak table,Reed basket,Tin kettle,Wool rug,Clay jug,Pine bench,Linen sheet".split(",")


def shop():
    cards = "".join(
        f"<li class='product-card'><a class='product-link' href='/products/{n}'>"
        f"<img src='/{n}.jpg'><h3 class='product-title'>{GOODS[n % 7]} {n}</h3></a>"
        f"<span class='price'>{9 + 7 * n % 80}.00 €</span></li>"
        for n in range(24)
    )
    return (
        "<html lang='en'><head><title>Household goods - Valley Store</title></head>"
        "<body class='template-collection'><main><h1 class='collection-title'>Household goods</h1>"
        "<div class='collection-description'><p>Tables, baskets and kettles made in the valley by "
        "hand, from wood and clay that grows and lies around us. We send them all over the "
        "islands, free above fifty crowns, and take back what you do not like.</p></div>"
        f"<ul class='product-grid'>{cards}</ul>"
        "<div class='pagination'><a href='?page=2'>2</a></div></main></body></html>"
    )


def archive():
    teasers = "".join(
        f"<article class='teaser'><h2><a href='/2026/{n}'>The council of island number {n} votes "
        f"on its harbour</a></h2><time>2026-05-{n + 1:02d}</time><p class='excerpt'>The council met "
        f"on Tuesday evening and put off, for the {n}th time, what to do about the pier. "
        f"<a href='/2026/{n}'>Read more</a></p></article>"
        for n in range(20)
    )
    return (
        "<html lang='en'><head><title>Harbours - Valley Post</title></head>"
        "<body class='archive category'><h1 class='archive-title'>Harbours</h1>"
        f"<div class='posts-list'>{teasers}</div></body></html>"
    )


LISTS = [
    (shop(), "https://valley.example/collections/household"),
    (archive(), "https://post.example/category/harbours"),
]


SECTION = "https://post.example/category/harbours"


@pytest.mark.parametrize(("html", "url"), LISTS)
def test_shops_and_archives_are_rejected_unless_no_article_is_required(html, url):
    with pytest.raises(NoArticle) as caught:
        cleanwire.clean_page(html, url=url)
    assert "\n" not in caught.value.detail
    assert cleanwire.clean_page(html, url=url, require_article=False).text


@pytest.mark.parametrize(("html", "url"), LISTS)
def test_a_pipeline_rejects_or_publishes_them_by_its_option(html, url):
    event = orjson.dumps({"url": url, "fetched_at": "2026-11-03T10:00:00Z", "body": html})
    place = Source(topic="raw-pages", partition=0, offset=0)
    assert Pipeline().process(event, place).reason == "no-article"
    assert isinstance(Pipeline(require_article=False).process(event, place), CleanArticle)


def test_a_page_with_few_links_is_not_rejected_as_a_list():
    links = "".join(f"<a href='/{n}'>Read the full story</a>" for n in range(FEWEST_LINKS - 1))
    text = (
        "The harbour minister promised on Tuesday to replace the bridge that links the island's "
        "two halves within eighteen months, a day after the storm dropped its middle span."
    )
    html = f"<body class='archive'><div class='item'><h1>Bridge</h1><p>{text}</p>{links}</div>"
    assert text in cleanwire.clean_page(html, url="https://digest.example/category/b").text


@pytest.mark.parametrize(
    ("url", "section"),
    [
        ("https://post.example", True),
        ("https://post.example/", True),
        ("https://post.example/news/world/north-sea/", True),
        ("https://post.example/topic/Car%20Rental", True),
        ("https://post.example/thema/k%C3%BCste", True),
        ("https://post.example/国際/東アジア", True),
        ("https://post.example/エンタメ", True),
        ("https://post.example/ข่าว/เศรษฐกิจ", True),
        ("https://post.example/news/日本の地震が起きた", False),
        (
            "https://post.example/%E6%97%A5%E6%9C%AC%E3%81%AE%E5%9C%B0%E9%9C%87%E3%81%8C%E8%B5%B7%E3%81%8D%E3%81%9F",
            False,
        ),
        ("https://post.example/中国队夺得世界杯冠军", False),
        ("https://post.example/ข่าว/แผ่นดินไหวในญี่ปุ่น", False),
        ("https://post.example/news/councilvotesagainstbridge", False),
        ("https://post.example/news/мостчерезпроливоткрыли", False),
        ("https://post.example/a/b/c/d", False),
        ("https://post.example/2026/harbours", False),
        ("https://post.example/news/the-council-votes", False),
        ("https://post.example/news/the_council_votes", False),
        ("https://post.example/showthread?t=7", False),
        ("https://post.example/news?page=2", False),
        ("https://[broken", False),
        ("", False),
        (None, False),
    ],
)
def test_the_address_of_a_section_has_no_number_and_no_headline(url, section):
    assert names_section(url) is section


@pytest.fixture
def sure(monkeypatch):
    """The model takes every page for an article."""
    monkeypatch.setattr(forest, "PAGES", lambda rows: np.ones(rows.shape[1]))


@pytest.mark.usefixtures("sure")
def test_a_body_of_teasers_at_the_address_of_a_section_is_a_list():
    with pytest.raises(NoArticle, match="stream of teasers"):
        extract_html(archive(), url=SECTION)
    for url in (f"{SECTION}/2026-05-03", None):
        assert extract_html(archive(), url=url).blocks
    data = '<script type="application/ld+json">{"@type": "NewsArticle"}</script></head>'
    assert extract_html(archive().replace("</head>", data), url=SECTION).blocks
    assert explain_page(archive(), url=SECTION).kind.stream_share >= STREAM_SHARE
    assert explain_page(archive(), url=f"{SECTION}/2026").kind.stream_share == 0


@pytest.mark.usefixtures("sure")
@pytest.mark.parametrize("length", [1, 12])
def test_a_story_at_such_an_address_is_none(length):
    """Neither beside teasers, nor if the linked headlines have a text of their own below them."""
    prose = "The pier of the island was built of oak, and its last repair was two winters ago. "
    story = "".join(f"<p>{prose * 3}</p>" for _ in range(40 if length == 1 else 0))
    page = archive().replace("<div class='posts-list'>", f"{story}<div class='posts-list'>")
    page = page.replace("<p class='excerpt'>", f"<p>{prose * length}</p><p class='excerpt'>")
    assert extract_html(page, url=SECTION).blocks
