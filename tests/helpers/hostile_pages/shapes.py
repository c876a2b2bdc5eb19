"""Trees that are deep, wide or misnested; elements of many attributes; tables without end.

Invariant: a size is drawn from a few powers, so that what grows faster than its input shows
in the times; the greatest are in `huge`.
"""

import random

from helpers.hostile_pages import events

_SIZES = (10, 100, 100, 500, 1000, 2000)
_TAGS = (
    "div b i a font span p ul li ol dl dd dt table tr td th tbody select option optgroup form button h1 h6 "
    "section article nav footer header main aside blockquote pre svg math template noscript iframe object "
    "ruby rt rp nobr center details summary fieldset frameset frame body html head title textarea style "
    "script xmp plaintext noembed marquee applet x-element label address time q"
).split()


def deep(r: random.Random) -> bytes:
    """One element, or a few in turn, opened again and again; closed or not."""
    tags = r.choices(_TAGS, k=r.choice((1, 1, 2, 3)))
    count = r.choice(_SIZES)
    opened = "".join(f"<{tag}>" for tag in tags) * count
    closed = "".join(f"</{tag}>" for tag in reversed(tags)) * count
    inner = r.choice(("", "x", events.prose(r, 1)))
    return events.event(r, events.page(r, opened + inner + r.choice(("", closed, closed * 2))))


def named_deep(r: random.Random) -> bytes:
    """Nested elements whose names say that they hold an author, a date or a menu."""
    name = r.choice(("byline", "author", "date", "comment", "meta", "nav", "vcard", "info"))
    tag = r.choice(("div", "span", "a rel=author", "p", "time", "section"))
    return events.event(r, events.page(r, f"<{tag} class={name}>" * r.choice(_SIZES)))


def misnested(r: random.Random) -> bytes:
    """Tags at random, opened and closed in any order."""
    tags = (f"<{r.choice(('', '/'))}{r.choice(_TAGS)}>" for _ in range(r.choice(_SIZES)))
    return events.event(r, events.page(r, "".join(f"{tag}x " for tag in tags)))


def formatting(r: random.Random) -> bytes:
    """Formatting elements that a parser opens anew in each paragraph."""
    count = r.choice((10, 50, 100, 200))
    tag = r.choice(("font", "b", "i", "a", "nobr", "code"))
    return events.event(
        r, events.page(r, "".join(f"<p><{tag} x{n}=1>word {n}</p>" for n in range(count)))
    )


def attributes(r: random.Random) -> bytes:
    """An element of many attributes: other names, one name, no names, long values."""
    count = r.choice((*_SIZES, 5000))
    one = r.choice(
        ('a{}="x"', "a{}", "a{}=x", "a=x", "=", "class='c{}'", "{}='<p>'", '"{}', "data-a{}='>'")
    )
    written = " ".join(one.format(n) for n in range(count))
    tag = r.choice(("p", "body", "html", "div", "meta", "a", "script", "/p", "td"))
    return events.event(r, events.page(r, f"<{tag} {written}>x {events.prose(r, 1)}"))


def repeated(r: random.Random) -> bytes:
    """What should stand once, again and again, with other attributes each time."""
    tag = r.choice(
        ("body", "html", "head", "title", "h1", "article", "main", "base", "form", "link")
    )
    parts = "".join(f"<{tag} a{n}='{n}'>word {n}</{tag}>" for n in range(r.choice(_SIZES)))
    return events.event(r, events.page(r, parts))


def table(r: random.Random) -> bytes:
    """Tables of many cells, of absurd spans, within tables, without rows."""
    count = r.choice(_SIZES)
    span = r.choice(("0", "-1", "65535", "99999999999999999999", "x", "1e9", "\u0661"))
    return events.event(
        r,
        events.page(
            r,
            r.choice(
                (
                    f"<table>{'<tr><td>a</td><td>b</td></tr>' * count}</table>",
                    f"<table><tr>{'<td>x' * count}</table>",
                    f"<table><tr><td rowspan='{span}' colspan='{span}'>x</td><td>y</td></tr></table>",
                    "<table><tr><td>" * count,
                    f"<table>{'x<tr>' * count}</table>",
                    f"<table><caption>x{'<col>' * count}<tr><td><p>a</p><p>b</p></td></table>",
                )
            ),
        ),
    )


def wide(r: random.Random) -> bytes:
    """Many siblings of one kind."""
    tag = r.choice(
        ("br", "hr", "wbr", "img", "input", "li", "p", "option", "meta", "i", "h2", "time", "a")
    )
    return events.event(r, events.page(r, f"<{tag}>x" * r.choice(_SIZES)))


def broken_markup(r: random.Random) -> bytes:
    """Bits of markup in any order: comments, CDATA, doctypes, quotes, brackets without a match."""
    bits = (
        "<", ">", "</", "<!", "<!--", "-->", "--!>", "<!-->", "<![CDATA[", "]]>", "<?", "?>", "<!DOCTYPE", "'",
        '"', "=", "/", "<a", "<a href=", "<script>", "</script", "<!--<script>", "&", ";", "<x:y>", "<svg>",
        "<p/>", "</p>", "</br>", "<title>", "<style>", "word ", "\x00", "\x0c", "<0>", "<p\x00q>", "<\u212a>",
    )  # fmt: skip
    return events.event(r, events.page(r, "".join(r.choices(bits, k=r.choice((5, 50, 500))))))


def long_line(r: random.Random) -> bytes:
    """One line of HTML or text, with blanks or without."""
    count = r.choice((1000, 10_000, 50_000))
    unit = r.choice(
        ("word ", "x", "\u4e2d", "a\u0301", "\u0e01", ". ", "&nbsp;", " ", "\t", "1 ", "A")
    )
    kind = r.choice(("text/html", "text/plain", None))
    return events.event(r, unit * count, content_type=kind)
