"""Labelled pages, and pages that were damaged in one to seven places.

Invariant: a seed gives the same pages.
"""

import gzip
import random
from collections.abc import Iterator
from pathlib import Path

LABELLED = Path(__file__).parents[3] / "shared" / "data" / "extraction"
PIECES = (
    *(
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<div class='card ü'>",
        "<br>",
        "<hr>",
        "<br><br>",
        "<pre>",
    ),
    *(
        "</pre>",
        "<a href='/x?a=1&b=2'>",
        "</a>",
        "<b>",
        "</b>",
        "<strong>",
        "</strong>",
        "<ul><li>",
    ),
    *(
        "</ul>",
        "<sup>2</sup>",
        "<sub>2</sub>",
        "<sup><a href='#n'>[1]</a></sup>",
        "<span>",
        "</span>",
    ),
    *(
        "<span class='gone'>",
        "<span hidden>",
        "<span style='display:none'>",
        "<x-y>",
        "</x-y>",
        "<rt>",
    ),
    *(
        "<ruby>",
        "</ruby>",
        "<!-- a > comment -->",
        "<!---->",
        "<table><tr><td>",
        "</table>",
        "<img alt='ä'>",
    ),
    *("<h2>", "</h2>", "<nav>", "</nav>", "<svg><path d='M0'/></svg>", "<script>if(a<b)</script>"),
    *(
        "<p a\"b='' =x y>",
        "<o:p>",
        "</o:p>",
        "<wbr>",
        "<i title='a&quot;b>c'>",
        "</i>",
        "<body id='z'>",
    ),
    *(
        "One. ",
        "two",
        " three",
        "\n",
        "\t",
        "&nbsp;",
        "&amp;nbsp;",
        "&lt;b&gt;",
        "a & b",
        "&",
        "<",
        ">",
        '"',
    ),
    *(
        "日本語。",
        "\u3000",
        "\u2003",
        "\u0085",
        "\x1c",
        "\u200b",
        "\u00ad",
        "😀",
        "ß\u00a0ß",
        "\u202f",
        "x" * 90,
    ),
    *("and this line of a mail is about as long as its width is\n<br>", "0123456789 " * 9),
)


def pages(seed: int, count: int, mutations: int) -> Iterator[tuple[str, str]]:
    """Labelled pages in an order that the seed draws, each followed by its mutations.

    Args:
        seed: for the draw and for the damages.
        count: how many pages are drawn.
        mutations: how many damaged forms follow each.
    """
    draw = random.Random(seed)
    files = sorted(LABELLED.glob("*/pages/*.html.gz"))
    for path in draw.sample(files, min(count, len(files))):
        html = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        yield path.name, html
        for _ in range(mutations):
            yield path.name, mutated(html, draw)


def mutated(html: str, draw: random.Random) -> str:
    """A page with one to seven damages: cuts, pieces of markup put in, and parts that repeat."""
    for _ in range(draw.randint(1, 7)):
        start = draw.randrange(len(html) + 1)
        end = min(len(html), start + draw.choice((1, 5, 40, 400)))
        new = draw.choice(("", draw.choice(PIECES), html[start:end] * 2))
        html = html[:start] + new + html[end:]
    return html
