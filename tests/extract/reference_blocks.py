"""Blocks of a serialised tree by a regular expression and a loop in Python: what the scan must equal.

Invariant: this file shares nothing with the compiled scan but the lists of inline elements.
"""

import operator
import re
from collections.abc import Sequence

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.hidden import Sheet
from cleanwire.extract.dom.inline import CLOSED, INLINE, ODD, Token, rewritten_tokens
from cleanwire.extract.dom.text import UNSEEN, squeezed
from cleanwire.extract.dom.wraps import unwrap_blocks

_SKIP, _BLOCK, _LINK, _BOLD, _BREAK, _RULE = range(6)

# The token of a comment has the name "".
_KINDS = dict.fromkeys(INLINE, _SKIP)
_KINDS |= {"": _SKIP, "a": _LINK, "b": _BOLD, "strong": _BOLD, "br": _BREAK, "hr": _RULE}

_KNOWN = frozenset(
    (
        "address article aside blockquote body caption center colgroup dd details dialog dir div "
        "dl dt fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header "
        "hgroup html legend li listing main marquee menu nav noscript ol optgroup p pre search "
        "section summary table tbody td tfoot th thead title tr ul"
    ).split()
) | frozenset(_KINDS)
"""The elements of the HTML standard that can be visible."""

# A comment or a tag, and the text up to the next one. It never backtracks, so the time is linear:
# after a quoted value only a blank or the end of the tag can follow.
_TOKEN = re.compile(r'<(?:!--[\s\S]*?--|(/?)([^ >/]++)((?: [^ >][^ =>]*+="[^"]*+")*+))>([^<]*+)')


def blocks_of(html: str, sheet: Sheet) -> BlockList:
    """The blocks of a serialised `body`."""
    return _read(_TOKEN.findall(html), sheet)


def _read(tokens: Sequence[Token], sheet: Sheet) -> BlockList:
    """The blocks of a page's tokens, after `rewritten` and `unwrap_blocks` have done their work."""
    names = set(map(operator.itemgetter(1), tokens))
    unknown = names - _KNOWN
    unseen = sheet.unseen(
        {
            tag + attributes
            for _, tag, attributes, _ in tokens
            if attributes
            and tag in CLOSED
            and (tag != "a" or ' style="' in attributes or ' hidden="' in attributes)
        }
    )
    if unknown or unseen or not ODD.isdisjoint(names):
        tokens = rewritten_tokens(tokens, unseen, unknown)
    page = _walk(tokens)
    if any(map(operator.eq, page.inside, page.inside[2:])):
        unwrap_blocks(page)
    return page


def _walk(tokens: Sequence[Token]) -> BlockList:  # noqa: C901, PLR0912, PLR0915 - one pass without calls; it is the hot loop
    """Walk the tokens once and collect the blocks and their elements."""
    page = BlockList([], [], [], [], [], {}, set(), ["body"], [""], [-1], [0], [0])
    texts, inside = page.texts, page.inside
    tags, attributes, parents = page.tags, page.attributes, page.parents
    starts, ends = page.starts, page.ends
    kinds = _KINDS.get
    parts: list[str] = []
    linked = links = bold = 0
    in_link = in_bold = 0
    current = 0
    after_break = False

    def flush() -> None:
        nonlocal linked, links, bold
        joined = "".join(parts)
        parts.clear()
        if "&" in joined:
            joined = unescaped(joined)
        text = " ".join(joined.split())
        if text:
            if tags[current] == "pre":
                page.raw[len(texts)] = joined
            texts.append(text)
            inside.append(current)
            page.linked.append(linked)
            page.links.append(links)
            page.bold.append(bold)
        linked = bold = 0
        links = 0

    first = True
    for close, tag, attribute, text in tokens:
        kind = kinds(tag, _BLOCK)
        if kind == _BLOCK:
            if parts:
                flush()
            if close:
                ends[current] = len(texts)
                current = max(parents[current], 0)
            elif first:
                attributes[0] = attribute
                first = False
            else:
                parents.append(current)
                current = len(tags)
                tags.append(tag)
                attributes.append(attribute)
                starts.append(len(texts))
                ends.append(0)
        elif kind == _LINK:
            if close:
                in_link -= 1
            else:
                in_link += 1
                links += 1
        elif kind == _BOLD:
            in_bold += -1 if close else 1
        elif kind >= _BREAK:
            if not parts:
                page.parted.add(len(texts))
            elif (
                kind == _BREAK
                and tags[current] in ("p", "pre")
                and not after_break
                and not _blank_line(parts)
            ):
                parts.append("\n")
                after_break = True
            else:
                before = len(texts)
                flush()
                if kind == _RULE or tags[current] in ("p", "pre") or before == len(texts):
                    page.parted.add(len(texts))
        if text:
            if not text.isspace():
                parts.append(text)
                after_break = False
                if in_link > 0:
                    linked += len(text)
                if in_bold > 0:
                    bold += len(text)
            elif parts:
                parts.append(text)
    if parts:
        flush()
    ends[0] = len(texts)
    joined = "".join(texts)
    if not joined.isprintable() and UNSEEN.search(joined):
        _remove_invisible(page)
    return page


def _blank_line(parts: Sequence[str]) -> bool:
    """Whether there are only blanks after the last line break."""
    for part in reversed(parts):
        if part == "\n":
            return True
        if part.replace("&nbsp;", " ").strip():
            return False
    return False


def _remove_invisible(page: BlockList) -> None:
    """Remove invisible characters; a block that has only these is kept with an empty text."""
    page.texts[:] = [squeezed(text) for text in page.texts]


def unescaped(text: str) -> str:
    """A text of a serialised tree without the escapes that serialising makes."""
    return (
        text.replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&amp;", "&")
    )
