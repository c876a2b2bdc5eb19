"""The further articles of an endless page go; chapters, entries and parts of a list stay."""

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


def page(*articles, title="Ferry back by noon"):
    return f"<html><head><title>{title}</title></head><body><main>{''.join(articles)}</main></body></html>"


OWN = article("Ferry back by noon", "By Ada Quill, 4 May 2026", STORY)
NEXT = article("Museum opens engine hall", "By Bo Reed, 3 May 2026", OTHER)


@pytest.mark.parametrize("tail", [NEXT, f"<div>{NEXT}</div>", f"<hr>{NEXT}{NEXT}"])
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
    ],
)  # fmt: skip
def test_what_may_be_a_part_of_the_story_stays(html):
    blocks = explain_page(html, require_article=False).blocks.listed
    assert blocks
    assert not [block for block in blocks if block.by == "another article"]
