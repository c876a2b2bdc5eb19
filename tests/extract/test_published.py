"""Dates of elements: which are the page's own, and which kind each is."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract import extract_html
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.metadata.dates import latest_of
from cleanwire.extract.metadata.metadata import read_metadata, with_elements

STORY = "".join(
    f"<p>The ferry of the valley left its old pier on the {day} day, and those who waited saw it go.</p>"
    for day in ("first", "second", "third", "fourth", "fifth", "sixth")
)


def dates(body, head="", url="https://valley.example/x", lang="en"):
    tree = LexborHTMLParser(f"<html lang='{lang}'><head>{head}</head><body>{body}</body></html>")
    metadata = read_metadata(tree, url, latest=latest_of("2026-11-20T10:00:00Z"))
    found = with_elements(metadata, tree, read_html(tree), url)
    return found.published_at, found.modified_at


@pytest.mark.parametrize(
    ("body", "published", "modified"),
    [
        ("<p><time itemprop=dateModified datetime=2026-11-12>x</time> <time itemprop=datePublished datetime=2026-11-03>y</time>",
         "2026-11-03", "2026-11-12"),
        ("<p><time class=updated datetime=2026-11-12>x</time> <time datetime=2026-11-03>y</time>",
         "2026-11-03", "2026-11-12"),
        ("<p>Updated <time datetime=2026-11-12>12 Nov</time></p><p>Published <time datetime=2026-11-03>3 Nov</time></p>",
         "2026-11-03", "2026-11-12"),
        ("<time class='entry-date published updated' datetime=2026-11-03>x</time>", "2026-11-03", None),
        ("<span class=last-modified-date>12 November 2026</span>", None, "2026-11-12"),
        ("<p class=date>Aktualisiert am 12.11.2026</p>", None, "2026-11-12"),
        ("<p class=date>更新：2026-11-12</p><p class=date>2026-11-03</p>", "2026-11-03", "2026-11-12"),
        ("<p>The regatta is on <time datetime=2026-06-05>5 June</time> at the harbour, and open to all.</p>", None, None),
        ("<p>Doors open <time datetime=2027-06-05>5 June</time></p>", None, None),
        ("<div class=event-date>5 June 2026</div>", None, None),
        ("<div class=top-bar><span class=date>Friday, 20 November 2026</span></div><p class=date>3 November 2026</p>",
         "2026-11-03", None),
        ("<header><span class=date>20 November 2026</span></header><p class=date>3 November 2026</p>",
         "2026-11-03", None),
        ("<header><h1>Mill</h1><span class=date>3 November 2026</span></header>", "2026-11-03", None),
        ("<p class=date>Today is November 20, 2026</p>", None, None),
        ("<p class=info>© 2026-11-03 Valley Post</p>", None, None),
        ("<span class=date data-timestamp=1763633700>a while ago</span>", "2025-11-20T10:15:00Z", None),
        ("<article><footer class=entry-footer><time datetime=2026-11-03>x</time></footer></article>", "2026-11-03", None),
        # The date of another story is in its card.
        ("<a href=/2><b>Ferry lost at sea today</b> <time datetime=2026-06-05>5 June</time></a>", None, None),
        ("<div><h3><a href=/2>Ferry lost at sea</a></h3><span class=date>5 June 2026</span></div>", None, None),
        ("<div><h5><a href=/flood>Flood</a></h5><b>Ada Quill</b> <time datetime=2026-11-03>3 Nov</time></div>",
         "2026-11-03", None),
        (("<h1>The old mill turns</h1><div><h3><a href=/series>Part of the series on mills</a></h3>"
         "<time datetime=2026-11-03>3 Nov</time></div>"), "2026-11-03", None),
        ("<ul><li><a href=/2>渡し船 が 海で 失われた</a> <time datetime=2026-06-05>x</time></li></ul>", None, None),
        ("<a href=/x rel=bookmark>Posted by us on the day of <time datetime=2026-11-03>3 Nov</time></a>",
         "2026-11-03", None),
        ("<a href=/x><time datetime=2026-11-03>3 November 2026, 10:00</time></a>", "2026-11-03", None),
        ("<div><h2><a href=/x>The old mill turns</a></h2><time datetime=2026-11-03>3 Nov</time></div>",
         "2026-11-03", None),
    ],
)  # fmt: skip
def test_dates_in_elements(body, published, modified):
    assert dates(body, "<title>The old mill turns</title>") == (published, modified)


@pytest.mark.parametrize(
    ("meta", "value", "published"),
    [
        ("citation_publication_date", "2025/11/20", "2025-11-20"),
        ("citation_online_date", "2025/11/20", "2025-11-20"),
        ("article:published_time", "1763633700000", "2025-11-20T10:15:00Z"),
        ("pubdate", "20251120T101500Z", "2025-11-20T10:15:00Z"),
        ("created-date", "2025-11-20", "2025-11-20"),
        ("date", "11/01/2023 12:43:42", None),
        ("date", "2027-01-01", None),
    ],
)
def test_dates_in_meta_tags(meta, value, published):
    assert dates("", f"<meta name='{meta}' content='{value}'>", lang="de") == (published, None)


@pytest.mark.parametrize(
    ("line", "published", "modified"),
    [
        (
            "<p>Updated: 12 November 2026</p><p>Published: 3 November 2026</p>",
            "2026-11-03",
            "2026-11-12",
        ),
        ("<p>20 листопада 2025</p>", "2025-11-20", None),
        ("<p>5 June 2027</p><p>3 November 2026</p>", "2026-11-03", None),
        ("<div class=masthead>20 November 2026</div><p>3 November 2026</p>", "2026-11-03", None),
    ],
)
def test_dates_in_lines(line, published, modified):
    html = f"<html lang=en><body><h1>Old mill turns again</h1>{line}{STORY}</body></html>"
    found = extract_html(html, fetched_at="2026-11-20T10:00:00Z")
    assert (found.published_at, found.modified_at) == (published, modified)


PAGE = (
    "<html lang=en><head><title>Ferry leaves its pier</title>{head}</head><body><h1>Ferry leaves its pier"
    "</h1>{above}<div><p>{first}</p>{gap}{story}</div>{after}</body></html>"
)
STANDFIRST = (
    "The ferry of the valley left its old pier, and this is what those who waited for it say now."
)


def of_page(
    *, head="", above="", first=STANDFIRST, gap="", after="", url="https://valley.example/x"
):
    html = PAGE.format(head=head, above=above, first=first, gap=gap, story=STORY, after=after)
    found = extract_html(html, url=url, fetched_at="2026-11-20T10:00:00Z", require_article=False)
    return found.published_at, found.modified_at


@pytest.mark.parametrize(
    ("page", "published", "modified"),
    [
        # The date is between the standfirst and the story.
        ({"gap": "<div>By Ada Quill</div><div>Nov 3, 2026</div>"}, "2026-11-03", None),
        ({"gap": "<div>Posted on</div><div>Nov 3, 2026</div>"}, "2026-11-03", None),
        ({"gap": "<div>The ferry on 3 November 2026 at the pier</div>"}, None, None),
        # A label stands alone above its date.
        ({"after": "<div>Published:</div><div>Nov 3, 2026</div><div>Last edit:</div><div>Nov 12, 2026</div>"},
         "2026-11-03", "2026-11-12"),
        # A date line with a mark behind it.
        ({"first": f"(3 November 2026) {STANDFIRST}"}, "2026-11-03", None),
        ({"first": f"VELMORA, Nov. 3, 2026 – {STANDFIRST}"}, "2026-11-03", None),
        ({"first": f"Since 3 November 2026 nobody waits. {STANDFIRST}"}, None, None),
        # The day in a URL, when only one order is possible.
        ({"url": "https://valley.example/news/29-10-2026"}, "2026-10-29", None),
        ({"url": "https://valley.example/news/10-29-2026"}, "2026-10-29", None),
        ({"url": "https://valley.example/news/09-10-2026"}, None, None),
        # The data say that the story was changed before it came out: the site was built on that day.
        ({"head": '<script type="application/ld+json">{"@type": "Article", "datePublished": "Nov 12, 2026", '
          '"dateModified": "Nov 10, 2026"}</script>', "above": "<div>Published Nov 3, 2026</div>"},
         "2026-11-03", "2026-11-10"),
        ({"head": '<script type="application/ld+json">{"@type": "Article", "datePublished": "Nov 12, 2026", '
          '"dateModified": "Nov 10, 2026"}</script>'}, "2026-11-12", "2026-11-10"),
        ({"head": '<script type="application/ld+json">{"@type": "Article", "datePublished": '
          '"2026-11-12T08:00:00Z", "dateModified": "2026-11-10T08:00:00Z"}</script>',
          "above": "<div>Published Nov 3, 2026</div>"}, "2026-11-12T08:00:00Z", "2026-11-10T08:00:00Z"),
    ],
)  # fmt: skip
def test_dates_around_a_story(page, published, modified):
    assert of_page(**page) == (published, modified)
