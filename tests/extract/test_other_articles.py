"""The further articles of an endless page go; chapters, entries and parts of a list stay."""

import orjson
import pytest

from cleanwire.explain import explain_page
from cleanwire.extract import extract_html

STORY = [
    f"Paragraph {number} tells how the ferry left the harbour before dawn, with ice on the rails "
    "and eleven people on board, and how it was back by noon with all of them."
    for number in range(5)
]
OTHER = [
    f"Paragraph {number} tells how the museum of engines opened a new hall on the hill, which a "
    "lottery paid for, and how a band played on its roof until the evening."
    for number in range(5)
]


def article(headline, date, paragraphs, tag="h1"):
    prose = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<article><{tag}>{headline}</{tag}><p class=byline>{date}</p>{prose}</article>"


def page(*articles, title="Ferry back by noon", head=""):
    return (
        f"<html><head><title>{title}</title>{head}</head>"
        f"<body><main>{''.join(articles)}</main></body></html>"
    )


def data(kind, **fields):
    told = {"@context": "https://schema.org", "@type": kind, "headline": "Ferry back by noon"}
    return f"<script type='application/ld+json'>{orjson.dumps(told | fields).decode()}</script>"


def of_address(html, attribute):
    return html.replace("<article>", f"<article {attribute}>")


OWN = article("Ferry back by noon", "By Ada Quill, 4 May 2026", STORY)
NEXT = article("Museum opens engine hall", "By Bo Reed, 3 May 2026", OTHER)


SAME_DAY = article("Museum opens engine hall", "By Bo Reed, 4 May 2026, 11.40", OTHER)
MARKED = article(
    "Museum opens engine hall",
    "4 May 2026</p><div class=bylines><address>Bo Reed</address></div><p>",
    OTHER,
)
UNSIGNED = article("Museum opens engine hall", "3 May 2026", OTHER)
LINKED = article("<a href=/museum>Museum opens engine hall</a>", "3 May 2026", OTHER)


@pytest.mark.parametrize(
    "tail",
    [
        NEXT,
        f"<div>{NEXT}</div>",
        f"<hr>{NEXT}{NEXT}",
        f"<div>{SAME_DAY}</div>",
        f"<section>{MARKED}</section>",
        LINKED,
        of_address(UNSIGNED, "data-url=https://post.example/museum"),
        of_address(UNSIGNED, "class=story data-share-href=/2026/museum"),
    ],
)
def test_the_articles_below_the_own_one_go(tail):
    found = extract_html(page(OWN, tail))
    assert found.title == "Ferry back by noon"
    assert [text for text in found.paragraphs if "tells" in text] == STORY
    fates = {block.text: block.by for block in explain_page(page(OWN, tail)).blocks.listed}
    assert {fates[text] for text in OTHER} == {"another article"}


@pytest.mark.parametrize(
    "html",
    [
        page(OWN, article("The way home", "Chapter two", OTHER)),
        page(article("Ferry back by noon", "Chapter one", STORY), NEXT),
        page(OWN, article("12.05", "3 May 2026", OTHER, tag="h3")),
        page(OWN, NEXT, title="Two stories of the coast"),
        page(article("Ferry back by noon", "4 May 2026", []), *[f"<p>{text}</p>" for text in STORY], NEXT),
        page(OWN.replace("</article>", f"{NEXT}</article>")),
        page(NEXT, OWN),
        # Entries of a diary or a live blog.
        page(OWN, UNSIGNED),
        page(OWN, of_address(UNSIGNED, "itemscope itemtype=https://schema.org/Article data-url=#e5")),
        page(OWN, article("Museum opens engine hall", "By Ada Quill, 3 May 2026", OTHER)),
        page(OWN, SAME_DAY),
        page(OWN, f"<div>{SAME_DAY}{SAME_DAY}</div>"),
        page(OWN, "<div>", SAME_DAY.replace("Bo Reed", "Ada Quill"), "</div>"),
        page(OWN, NEXT, head=data("NewsArticle", datePublished="2026-05-03T08:00:00Z")),
        *[
            page(OWN, article(heading, "By Bo Reed, 3 May 2026", OTHER))
            for heading in (
                *("12.05", "Monday", "Sonntag, 3. Mai", "11:40 Museum opens engine hall"),
                *("5pm: museum opens engine hall", "Sunday 3 May 2026: a band on the roof", "月曜日"),
            )
        ],
        page(OWN, NEXT, head=data("LiveBlogPosting")),
        page(OWN, NEXT, head=data("NewsArticle", liveBlogUpdate=[{"@type": "BlogPosting"}])),
        page(f"<div itemscope itemtype=https://schema.org/LiveBlogPosting>{OWN}{NEXT}</div>"),
    ],
)  # fmt: skip
def test_what_may_be_a_part_of_the_story_stays(html):
    blocks = explain_page(html, require_article=False).blocks.listed
    assert blocks
    assert not [block for block in blocks if block.by == "another article"]


def test_all_entries_of_a_live_blog_stay():
    entries = [
        article(
            f"Entry {number} of the day tells of the ferry",
            f"By Bo Reed, 4 May 2026, {10 + number}:05",
            [f"Call {number}: {OTHER[0]}"],
        )
        for number in range(9)
    ]
    found = extract_html(page(OWN, *entries)).paragraphs
    assert [text for text in found if text.startswith("Call ")] == [
        f"Call {number}: {OTHER[0]}" for number in range(9)
    ]


def test_the_articles_after_those_that_are_looked_at_stay(monkeypatch):
    monkeypatch.setattr("cleanwire.extract.body.other_articles._MOST_ARTICLES", 2)
    last = NEXT.replace("Paragraph", "Last paragraph")
    blocks = explain_page(page(OWN, NEXT, last), require_article=False).blocks.listed
    gone = [block.text for block in blocks if block.by == "another article"]
    assert set(OTHER) <= set(gone)
    assert not [text for text in gone if text.startswith("Last")]
