"""Which byline is the page's own, and which of two is believed."""

import json

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.extractor import extract_html
from cleanwire.extract.metadata.metadata import read_metadata, with_elements

URL = "https://valley.example/news/mill"


def read(head="", body="", url=URL):
    tree = LexborHTMLParser(f"<html lang=en><head>{head}</head><body>{body}</body></html>")
    return with_elements(read_metadata(tree, url), tree, read_html(tree), url)


def data(node):
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def person(name):
    return data({"@type": "NewsArticle", "author": {"@type": "Person", "name": name}})


SERIES = "<h3><a href=/series>Part of the series on mills</a></h3>"


@pytest.mark.parametrize(
    ("body", "authors"),
    [
        # A byline beside a heading that leads to another story is that story's.
        (("<article><h2>Piers</h2><h3><a href=/2>Ferry lost at sea</a></h3><span class=byline>Otto Other"
         "</span></article><p class=byline>By Ada Quill</p>"), ("Ada Quill",)),
        (("<div><a href=/2><section><h3>Ferry lost at sea</h3></section></a><p class=author>Otto Other</p>"
         "</div>"), ()),
        ("<li><h4><a href=/2>فقدان عبارة في البحر</a></h4><b class=author>Otto Other</b></li>", ()),
        (("<ul><li><a href=/2>Ferry lost at sea today</a> <p class=byline>2 hours ago <a rel=author href=/o>Otto "
         "Other</a></p></ul><p class=byline>by <a rel=author href=/a>Ada Quill</a></p>"), ("Ada Quill",)),
        # ... not beside the page's own headline, a section, or the person's name.
        ("<div><h2><a href=/1>Old mill turns</a></h2><p class=author>Ada Quill</p></div>", ("Ada Quill",)),
        ("<div><h4><a href=/town>Town</a></h4><h1>Old mill turns</h1><p class=author>Ada Quill</p></div>",
         ("Ada Quill",)),
        ("<div class=author><h4><a href=/ada>Ada Quill</a></h4></div>", ("Ada Quill",)),
        ("<div><p class=byline>By Ada Quill</p><p>" + "The mill turns. " * 60
         + "</p><h3><a href=/2>Ferry lost at sea</a></h3></div>", ("Ada Quill",)),
        ("<div><h5><a href=/flood>Flood</a></h5><p class=byline>By Ada Quill</p></div>", ("Ada Quill",)),
        # Next to the page's own headline a linked heading is the name of a series.
        (f"<h1>Old mill turns</h1><div>{SERIES}<p class=author>Ada Quill</p></div>", ("Ada Quill",)),
        (f"<div>{SERIES}<p class=author>Ada Quill</p></div><h1>Old mill turns</h1>", ("Ada Quill",)),
        ((f"<header><h1>Old mill turns</h1></header><div><p>It stood for years.</p><div>{SERIES}"
         "<p class=author>Ada Quill</p></div></div>"), ("Ada Quill",)),
        ("<h1>Old mill turns</h1><p>" + "The mill turns. " * 30 + f"</p><div>{SERIES}"
         "<p class=author>Otto Other</p></div>", ()),
        (f"<h1>Piers</h1><div>{SERIES}<p class=author>Otto Other</p></div>", ()),
        # A section above another story's headline tells nothing.
        (("<div><div><h5><a href=/sea>Sea</a></h5><p class=author>Otto Other</p></div>"
         "<h3><a href=/2>Ferry lost at sea</a></h3></div>"), ()),
        # A section may be called as the folder of the people is.
        ("<a href=/people/real-life/ferry-lost-at-sea>Die Fähre fanden Taucher</a>", ()),
        ("<a href=/people/12/ada-quill/>Ada Quill</a>", ("Ada Quill",)),
        ("<a href=https://other.example/people/otto-other>Otto Other</a>", ()),
        ("<a href=https://www.valley.example/people/ada-quill>Ada Quill</a>", ("Ada Quill",)),
        ("<p class=articleTags><a href=/person/otto-other>Otto Other</a></p>", ()),
        ("<table class='infobox vcard'><tr><th class=fn>Otto Other</th></tr></table>", ()),
        ("<div class=breadcrumbs><a href=/people/real-life>Real Life</a></div>", ()),
        # An id with blanks is a title, whose words tell nothing of the element.
        ("<section id='All about mills'><p class=author>Ada Quill</p></section>", ("Ada Quill",)),
        ("<span class=author>Von Ada Quill am Samstag, 3. Mai</span>", ("Ada Quill",)),
        ("<span class=author>Par Ada Quill le jeudi 3 mai</span>", ("Ada Quill",)),
        ("<span class=author>Ada Quill on behalf of the council</span>", ("Ada Quill",)),
    ],
)  # fmt: skip
def test_a_byline_is_the_page_s_own(body, authors):
    assert read("<title>Old mill turns</title>", body).authors == authors


STORY = "".join(
    f"<p>{sentence} and the mill in the valley turned as it had turned for all those years.</p>"
    for sentence in (
        "In the morning the river rose",
        "At noon the water fell",
        "People came by boat",
    )
)


@pytest.mark.parametrize(
    ("data_name", "byline", "authors"),
    [
        # An account that the page nowhere shows loses to the byline that it shows.
        ("AnnaB", "<p>By Ada Quill</p>", ("Ada Quill",)),
        ("Otto Other", "<p>by <a class=author-link href=/authors/ada-quill/>Ada Quill</a></p>",
         ("Ada Quill",)),
        ("王小明", "<p>作者：李文亮</p>", ("李文亮",)),
        # ... but not to a person whom the prose or the story's footer only links.
        ("Ada Quill", "<p>The mill is kept by <a href=/people/otto-mayor>Otto Mayor</a>.</p>",
         ("Ada Quill",)),
        ("Ада Квилл", "<p>The mill is kept by <a href=/people/otto-mayor>Otto Mayor</a>.</p>",
         ("Ада Квилл",)),
        ("Ada Quill", "<footer class=entry><a href=/people/otto-mayor>Otto Mayor</a></footer>",
         ("Ada Quill",)),
        ("Otto Other", "<p>A day in May</p>", ("Otto Other",)),
        ("Otto Other", "<p>Photo: OTHER</p><p>By Ada Quill</p>", ("Otto Other",)),
        ("Ada Quill, MD", "<p>By A. Quill</p>", ("Ada Quill, MD",)),
        # A first name alone is completed by the byline.
        ("Ada", "<p>By Ada Quill</p>", ("Ada Quill",)),
        ("Ada", "<p>By Adam Quill</p>", ("Ada",)),
    ],
)  # fmt: skip
def test_the_byline_that_is_shown_is_believed(data_name, byline, authors):
    page = (
        f"<html><head>{person(data_name)}</head><body><article><h1>Old mill turns again today</h1>"
        f"{byline}{STORY}<p>Ada closed the gate.</p></article></body></html>"
    )
    assert extract_html(page, require_article=False).authors == authors


def test_the_name_of_the_site_is_not_taken_apart():
    head = "<meta property=og:site_name content='Tide &amp; i'><meta name=author content='Tide &amp; i'>"
    found = read(head)
    assert found.authors == ()
    assert (found.organisations or found.publishers) == ("Tide & i",)


@pytest.mark.parametrize(
    ("head", "body", "organisations"),
    [
        ("<meta name=author content='Tide News'>", "", ()),
        ("", "<span class='vcard author'><a class=fn href=/tide>Tide News</a></span>", ("Tide News",)),
        ("", "<p class=author>Tide News</p>", ()),
        (data({"@type": "NewsArticle", "author": {"@type": "Organization", "name": "dpa"}})
         + "<meta name=author content='Tide Agency'>", "", ("dpa",)),
    ],
)  # fmt: skip
def test_the_site_is_the_author_if_nobody_else_is_named(head, body, organisations):
    site = "<meta property=og:site_name content='Tide News'>"
    found = read(site + head, body, url="https://tidewater.example/a")
    assert found.authors == ()
    assert (found.organisations or found.publishers) == organisations


def test_all_authors_of_a_paper_are_read():
    head = "<meta name=dc.creator content='Ada Quill'>" + "".join(
        f"<meta name=citation_authors content='{name}'>" for name in ("Ada Quill", "Bo Lund")
    )
    assert read(head).authors == ("Ada Quill", "Bo Lund")
