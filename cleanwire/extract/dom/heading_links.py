"""Removes from headings the links that are no words of them: `[edit]`, `¶`, `#`.

Invariant: a link goes only from the start or the end of a heading that has other text, and only if
it stands in square brackets by itself, or has no letter and no digit and leads to a place on the
page. So the rule holds for every language, and `Ten harbours [with map]`, a linked `?` that ends a
question, or a heading that is a link stays as it is.
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
    found: list[tuple[int, str, list[str], bool]] = []
    for index, count in enumerate(page.links):
        if count and 0 < page.linked[index] <= _MOST_CHARACTERS:
            text = page.texts[index]
            if not (text[-1:].isalnum() and text[:1].isalnum()) and (
                page.tags[page.inside[index]] in HEADINGS
            ):
                words, parts, is_mark = _split(text)
                if words and sum(map(len, parts)) <= page.linked[index]:
                    found.append((index, words, parts, is_mark))
    if not found:
        return
    links, to_places = _links(html)
    page.arrays = None
    for index, words, parts, is_mark in found:
        if (to_places if is_mark else links).issuperset(parts):
            linked = max(0, page.linked[index] - sum(map(len, parts)))
            page.texts[index] = words
            # What is left over are the blanks around the words of the links.
            page.linked[index] = linked if linked > len(parts) * 2 else 0
            page.links[index] = max(0, page.links[index] - len(parts))


def _split(text: str) -> tuple[str, list[str], bool]:
    """The words of a heading, and the texts of what may be links before or after them.

    The last value says whether that is a mark without brackets.
    """
    words, opened, inner = text.rpartition("[")
    if opened and inner.endswith("]"):
        return words.rstrip(), [part.strip() for part in inner[:-1].split(_SEPARATOR)], False
    inner, closed, words = text.partition("]")
    if closed and inner.startswith("["):
        return words.lstrip(), [part.strip() for part in inner[1:].split(_SEPARATOR)], False
    for words, mark in _with_marks(text):
        if words and mark and not any(map(str.isalnum, mark)):
            return words, [mark], True
    return "", [], False


def _with_marks(text: str) -> Iterator[tuple[str, str]]:
    """The ways to part a heading into its words and a mark before or after them."""
    words, _, mark = text.rpartition(" ")
    yield words, mark
    # A mark need not be parted from the last word.
    yield text[:-1], text[-1:]
    mark, _, words = text.partition(" ")
    yield words, mark


def _links(html: str) -> tuple[set[str], set[str]]:
    """The texts of a page's links that are short, and of those that lead to a place on the page."""
    links: set[str] = set()
    to_places: set[str] = set()
    parts: list[str] = []
    in_link = to_place = False
    for close, tag, attributes, text in TOKEN.findall(html):
        if tag == "a":
            if in_link:
                words = " ".join("".join(parts).replace("&nbsp;", " ").split())
                links.add(words)
                if to_place:
                    to_places.add(words)
            parts.clear()
            in_link = not close
            to_place = ' href="#' in attributes
        if in_link and len(parts) < _MOST_CHARACTERS:
            parts.append(text)
    return links, to_places
