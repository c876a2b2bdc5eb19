"""What becomes of kinds of pages that extractors get wrong: wikis, threads, recipes and the like.

Invariant: a kind is told by what the page and its address say, never by what was extracted.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markdown_tables import table
from selectolax.lexbor import LexborHTMLParser

FEWEST = 4
"""Kinds with fewer pages are left out."""

_KINDS: tuple[tuple[str, str, str], ...] = (
    # Kind, pattern over the address, pattern over types in the page's data and its generator.
    ("recipe", r"/(?:recipes?|rezepte?|recette|receta)/", r'"Recipe"|schema\.org/Recipe'),
    ("live blog", r"live-?(?:blog|ticker|updates)", r"LiveBlogPosting"),
    (
        "thread, questions",
        r"/(?:forums?|threads?|questions?|viewtopic|showthread|comments)[/.?]|//forums?\.",
        r"QAPage|DiscussionForumPosting",
    ),
    ("wiki", r"//(?:\w+\.)*wiki|/wiki/", r"MediaWiki|DokuWiki"),
    (
        "documentation",
        r"//docs?\.|/(?:docs?|documentation|manual|reference)/",
        r"Sphinx|mkdocs|Docusaurus|GitBook|TechArticle",
    ),
    ("newsletter", r"substack|beehiiv|newsletter", r"Substack|beehiiv"),
    (
        "press release",
        r"press-?releases?|news-release|pressemitteilung|/presse?/|prnewswire|businesswire",
        r"PressRelease",
    ),
    ("blog", r"//(?:\w+\.)*blog|/blogs?/|wordpress|blogspot", r'"BlogPosting"'),
    ("news", r"", r"NewsArticle|ReportageNewsArticle"),
)
_COMPILED = [
    (kind, re.compile(address) if address else None, re.compile(data))
    for kind, address, data in _KINDS
]


def kind_of(html: str, url: str) -> str:
    """The kind of a page: the first that fits, or `other`."""
    tree = LexborHTMLParser(html)
    said = [node.text() or "" for node in tree.css('script[type="application/ld+json"]')]
    said += [node.attributes.get("itemtype") or "" for node in tree.css("[itemtype]")]
    said += [node.attributes.get("content") or "" for node in tree.css('meta[name="generator"]')]
    data = "\n".join(said)
    for kind, address, types in _COMPILED:
        if (address is not None and address.search(url.lower())) or types.search(data):
            return kind
    return "other"


def section(
    rows: Mapping[str, Any],
    truths: Mapping[str, Any],
    names: Sequence[str],
    f1: Callable[[Mapping[str, Any]], float | None],
    refused: Callable[[Any], bool],
) -> str:
    """The table by kind, as Markdown.

    Args:
        rows: for each data set, the rows of every extractor.
        truths: the labelled pages, by id.
        names: the extractors that are compared, ours first.
        f1: the F1 of a row.
        refused: whether a page is rejected as no article.
    """
    kinds = {name: kind_of(page.html, page.url) for name, page in truths.items()}
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for part in rows.values():
        for name in names:
            for row in part.get(name, ()):
                if (score := f1(row)) is not None:
                    scores[kinds[row["id"]]][name].append(score)
    gone: dict[str, list[bool]] = defaultdict(list)
    for name, page in truths.items():
        gone[kinds[name]].append(refused(page))
    lines = [
        [
            kind,
            str(len(found[names[0]])),
            *(f"{sum(found[name]) / max(len(found[name]), 1):.3f}" for name in names),
            f"{sum(gone[kind])} of {len(gone[kind])}",
        ]
        for kind, found in sorted(scores.items(), key=lambda item: -len(item[1][names[0]]))
        if len(found[names[0]]) >= FEWEST
    ]
    return (
        "Mean F1 of a page, all sets, by what the page's address, data and generator say of its "
        "kind; and how many of these labelled articles the shipped model rejects.\n\n"
        + table(["kind", "pages", *names, "rejected"], lines)
    )
