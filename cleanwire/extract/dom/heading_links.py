"""Removes from headings the links that are no words of them: `[edit]`, `¶`, `#`.

Invariant: a link goes only from the start or the end of a heading that has other text, and only if
it stands in square brackets by itself or has no letter and no digit. So the rule holds for every
language, and `Ten harbours [with map]` or a heading that is a link stays as it is.
"""

from collections.abc import Iterator

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.headings import HEADINGS
from cleanwire.extract.dom.inline import TOKEN

_MOST_CHARACTERS = 60
"""The most characters of links that are no words of a heading."""

_SEPARATOR = "|"
"""What stands between links in one pair of brackets: `[edit | edit source]`."""


def remove_heading_links(page: BlockList, html: str) -> None:
    """Remove from the headings of a page the links that are no words of them, in place.

    Args:
        page: the page.
        html: the serialised tree that it was read from.
    """
    found: list[tuple[int, str, list[str]]] = []
    for index, links in enumerate(page.links):
        if links and 0 < page.linked[index] <= _MOST_CHARACTERS:
            text = page.texts[index]
            if not (text[-1:].isalnum() and text[:1].isalnum()) and (
                page.tags[page.inside[index]] in HEADINGS
            ):
                words, parts = _split(text)
                if words and sum(map(len, parts)) <= page.linked[index]:
                    found.append((index, words, parts))
    if not found:
        return
    known = _links(html)
    page.arrays = None
    for index, words, parts in found:
        if known.issuperset(parts):
            linked = max(0, page.linked[index] - sum(map(len, parts)))
            page.texts[index] = words
            # What is left over are the blanks around the words of the links.
            page.linked[index] = linked if linked > len(parts) * 2 else 0
            page.links[index] = max(0, page.links[index] - len(parts))


def _split(text: str) -> tuple[str, list[str]]:
    """The words of a heading, and the texts of what may be links before or after them."""
    words, opened, inner = text.rpartition("[")
    if opened and inner.endswith("]"):
        return words.rstrip(), [part.strip() for part in inner[:-1].split(_SEPARATOR)]
    inner, closed, words = text.partition("]")
    if closed and inner.startswith("["):
        return words.lstrip(), [part.strip() for part in inner[1:].split(_SEPARATOR)]
    for words, mark in _with_marks(text):
        if words and mark and not any(map(str.isalnum, mark)):
            return words, [mark]
    return "", []


def _with_marks(text: str) -> Iterator[tuple[str, str]]:
    """The ways to part a heading into its words and a mark before or after them."""
    words, _, mark = text.rpartition(" ")
    yield words, mark
    # A mark need not be parted from the last word.
    yield text[:-1], text[-1:]
    mark, _, words = text.partition(" ")
    yield words, mark


def _links(html: str) -> set[str]:
    """The texts of a page's links that are short."""
    found: set[str] = set()
    parts: list[str] = []
    in_link = False
    for close, tag, _, text in TOKEN.findall(html):
        if tag == "a":
            if in_link:
                found.add(" ".join("".join(parts).replace("&nbsp;", " ").split()))
            parts.clear()
            in_link = not close
        if in_link and len(parts) < _MOST_CHARACTERS:
            parts.append(text)
    return found
