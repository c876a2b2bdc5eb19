"""Text that a backtracking matcher would hate, for each regular expression of the code.

Invariant: a string begins as a match does and goes on as one for as long as it can, and then
does not end as one. A new expression in `cleanwire` or `streams` wants a line here.
"""

import json
import random

from helpers.hostile_pages import events

# By the name of the module whose expression it is for: the start, what repeats, the end.
_ALMOST = {
    "page": (("2026-11-03T10:00:00.", "1", "x"), ("<", "!doctype ", "<"), ("<rss", "\x0b", ""), ("<html", "x", "")),
    "article": ((".", "aa", "."), ("page does not ", "exis", ""), ("", "4", "04"), ("_", "a_", "")),
    "paragraphs": (("x\n", " \x0b", "x"), ("\n", " \n", "x"), ("\n", "\t", "\n")),
    "authors": (
        ("By ", " ", ""), ("by", " : ", ""), ("written ", "by ", ""), ("(", "(", "("), ("Ada", " - x", ";"),
        ("Ada Quill", " and ", "&"), ("a", "admin", "x"), (" @", "w", ""), ("x - ", "y", ","), ("", "www.", ""),
    ),
    "bylines": (
        ("| By", " ", ""), ("1  ", "written ", "by"), ("", "By", "b"), ("\u6587 ", ": ", ""), ("Ada", " | 1", ""),
        ("", " on", ""), ("", "comment-card", ""), ("", "bio", "x"), ("A ", ",1", "|"),
    ),
    "dates": (
        ("2025-01-01", " ", "1:"), ("2025-1-1T1:11:11.", "1", "Q"), ("", "1.", "1"), ("", "1/1/", "2025"),
        ("1 ", "de ", "x"), ("1 ", "\u0101", " 2025"), ("", "Jan 1, ", ""), ("2025\u5e74", "1\u6708", ""),
        ("1. mai 2025", " ", "1"), ("01.01.25", "x", "1:1"), ("", "\u0661", "-1-1"), ("2025-01-01T10:00:00+", "9", ""),
        ("Mon, 1 Jan 2025 ", "10:", "00"), ("", "2025-01-", ""), ("12 december 2025", " a", "1:00pm"),
    ),
    "furniture": (("a", "a", "("), ("Like (", "1,", "x"), ("", "x:", " 1"), ("a", " >", "b"), (">", " ", ">")),
    "titles": (("A", " |", "B"), ("A ", "-", "B"), ("A", " - ", ""), ("", ":", ":"), ("A | S", " | S", ""), ("|", "|", "|")),
    "brand": (
        ("", "ab ", "cd-e"), ("ab", "x", " "), ("A", "a", "A-b"), ("Nova", "Pulse", "-X y"), ("-", "_", "x"),
        ("x -", "ab", " c"), ("x", " -a b c", " "), ("Nova-", "N", ",Nova"), ("a" * 40 + " ", "b" * 40 + " ", "-"),
    ),
    "jsonld": ((",", " ", "x"), ("[", ",", "]"), ("//<![CDATA[", "//]]>", ""), ("<!--", "-->", "{")),
    "blocks": (("<!--", "-", ">"), ("<!--", "--", "!>"), ("<p ", 'a="', ">"), ("<p a='", '"', "'>"), ("<", "<", "<")),
    "mime": (("text/", "a", " "), ("", "charset ", "="), ("text/html; ", "charset =", " "), ("", "text/html,", ""), ("text/html; charset", ":", "=")),
    "prescan": (("<meta ", "a=", "'"), ("<meta", " /", "x"), ("<a", " a ", "="), ("<meta content=", "charset ", "="), ("<script>", "</scrip", ">")),
    "charset": (("\x1b$B", "ab", "\x1b"), ("~{", "ab", "~"), ("\x1b$B", "\x1b$B", ""), ("~{", "~{", ""), ("<meta ", "charset ", "="), ("<meta", "<meta", ""), ("<?xml ", "encoding= ", "'"), ("<meta charset=", " ", "")),
    "months": (
        ("1 ", "de ", "2025"), ("", "1 may ", "x"), ("2025 ", "m ", "1"), ("", "a\u0301", " 2025"), ("", "an t", " 2025"),
    ),
    "clock": (
        ("2025-01-01", " ", "1:1"), ("2025-01-01 10:15 ", "a. ", "x"), ("2025-01-01 10:15:11.", "1", ""),
        ("2025-01-01 ", "\u4e0b\u5348", "1"), ("2025-01-01 10:15 ", "(GMT", ""),
    ),
    "labels": (("", "updated ", "2025-01-01"), ("", "\u66f4\u65b0", "1"), ("publi", "shed", ""), ("last ", "edit ", ""), ("\u043e\u0431\u043d\u043e\u0432\u043b", "\u0435", "")),
    "eastern": (
        ("\u8bb0\u8005 ", "\u5f20\u4e09 ", ""), ("\u6587/", "\u5f20\u4e09\u3001", "x"), ("", "\u8bb0\u8005", ""),
        ("", "\ud64d\uae38\ub3d9\u00b7", "\uae30\uc790"), ("\uae30\uc790 ", "\ud64d\uae38\ub3d9, ", ""),
    ),
    "places": (("", "aB", ""), ("", "has-", "x"), ("", "A", ""), ("", "a-b_", "")),
    "stories": (("&", "amp;", "lt;p"), ("<p ", "<p ", ""), ("\n", " ", "\n"), ("&#", "1", ";"), ("", "<br>\n", "")),
    "moments": (("/2025", "/", "01/01"), ("", "/20250101", "1"), ("", "-19", "-99-99")),
    "hidden": (
        ("<style>.a{", "display:none", "}</style>"), ("<style>", ".a,", "{display:none}</style>"),
        ("<p style='left:-", "9", "x'>a"), ("<p style='clip:rect(", "0,", "'>a"), ("<style>", "}.a{display:none", "</style>"),
    ),
    "inline": (
        ("2", "<sup>1", "</sup>"), ("", "<sup>[1]</sup>", "2"), ("x<sup>", "1, ", "</sup>"), ("", "<x-a>", "b"),
        ("", "<x-a></x-a>", "b"), ("a", "<ruby>b<rt>c", "</ruby>"), ("", "<i hidden>", "</i>"),
    ),
    "comments": (
        ("<h2>", "3 comments", "</h2>"), ("<h2>3 comments on ", "a ", "</h2>"), ("", "<div class=comments>", "a"),
        ("", "<h3>Comments</h3>", "b"), ("<div class='", "comment-", "'>a"), ("comments", " ", "(3"),
    ),
    "structure": (("<pre>", "\n \t", "x</pre>"), ("<table>", "<tr><td rowspan=50 colspan=50>a", "</table>"), ("<td>", "a<br>", "</td>")),
    "headings": (("<h2>", "<button>a</button>", "</h2>"), ("<h2>", "<button><object>", "</h2>")),
    "shadow": (("", "<x-a><template shadowrootmode=open><p>a", ""), ("<x-a>", "<template shadowrootmode=open></template>", "")),
    "wraps": (("<div>", "a line of words that goes on to a width of sixty, then breaks<br>", "</div>"), ("<p>", "&nbsp;<br>", "</p>")),
    "features": (("", "a ", "."), ("", "\u0e01", ""), ("", "x, ", "")),
}  # fmt: skip


def almost(r: random.Random) -> bytes:
    """One of them in every place that some expression is asked about."""
    start, unit, end = r.choice(_ALMOST[r.choice(tuple(_ALMOST))])
    text = start + unit * r.choice((3, 30, 150, 500, 4000)) + end
    quoted = text.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")
    linked = json.dumps(
        {"@type": "NewsArticle", "headline": text, "author": text, "datePublished": text, "image": text,
         "keywords": text, "articleSection": text, "isAccessibleForFree": text, "publisher": {"name": text}, "articleBody": text, "url": text}
    )  # fmt: skip
    head = "".join(
        (
            f"<title>{quoted}</title>",
            f"<meta property='og:title' content='{quoted}'><meta name='author' content='{quoted}'>",
            f"<meta property='article:published_time' content='{quoted}'><meta name='keywords' content='{quoted}'>",
            f"<link rel='canonical' href='{quoted}'><meta property='og:site_name' content='{quoted}'>",
            f"<script type='application/ld+json'>{linked.replace('</', '')}</script>",
        )
    )
    body = (
        f"<h1>{quoted}</h1><div class='byline {quoted}'>{quoted}</div><time datetime='{quoted}'>{quoted}</time>"
        f"<span class='date'>{quoted}</span><a rel='author' href='/author/{quoted}'>{quoted}</a>"
    )
    place = r.randrange(4)
    if place == 0:
        return events.event(r, events.page(r, f"<p>{text}</p>", head))
    if place == 1:
        return events.event(r, f"{body}{events.page(r, quoted)}")
    if place == 2:
        return events.event(
            r, f"{text}\n{events.sentence(r)}\n\n{text}\n" * 3, content_type="text/plain"
        )
    return events.event(
        r, text + events.page(r), content_type=r.choice((None, f"text/html;{text}", text))
    )


def address(r: random.Random) -> bytes:
    """One of them as the event's URL, its time and its content type."""
    start, unit, end = r.choice(_ALMOST[r.choice(tuple(_ALMOST))])
    text = start + unit * r.choice((3, 300, 2000)) + end
    changes = r.choice(
        ({"url": f"https://a.example/{text}"}, {"url": f"https://{text}.example/"}, {"url": text},
         {"fetched_at": text}, {"content_type": text}, {"fetched_at": f"2026-11-03T10:00:00{text}"})
    )  # fmt: skip
    return events.event(r, events.page(r), **changes)
