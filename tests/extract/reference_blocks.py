"""Blocks of a serialised tree by a regular expression and a loop in Python: what the scan must equal.

Invariant: this file shares nothing with the compiled scan but the lists of inline elements. What
comes before and after the scan is that of the package: the text of superscripts, joined lines, and
the links in headings.
"""

import operator
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.heading_links import remove_heading_links
from cleanwire.extract.dom.hidden import Sheet
from cleanwire.extract.dom.inline import _HIDDEN_LENGTH as HIDDEN_LENGTH
from cleanwire.extract.dom.inline import _MOST_TOKENS as MOST_TOKENS
from cleanwire.extract.dom.inline import _ONE_LINE as ONE_LINE
from cleanwire.extract.dom.inline import _RUBY_READINGS as RUBY_READINGS
from cleanwire.extract.dom.inline import (
    CLOSED,
    INLINE,
    MOST_MARK_TOKENS,
    ODD,
    Token,
    _has_text,
    _script_text,
)
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


_ATTRIBUTE = re.compile(r' ([^ >][^ =>]*)="[^"]*"')


def blocks_of(html: str, sheet: Sheet) -> BlockList:
    """The blocks of a serialised `body`."""
    page = _read(_TOKEN.findall(html), sheet)
    remove_heading_links(page, html)
    return page


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
            and (
                not {"style", "hidden"}.isdisjoint(_ATTRIBUTE.findall(attributes))
                or (tag != "a" and sheet.hides_names)
            )
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


def rewritten_tokens(
    tokens: Sequence[Token], unseen: AbstractSet[str], unknown: AbstractSet[str]
) -> Sequence[Token]:
    """The tokens of a page with its odd inline elements rewritten, as `dom/inline.py` says.

    Args:
        tokens: the tokens of a serialised tree, so that elements nest and each has an end.
        unseen: the hidden inline elements, each as its tag and attributes.
        unknown: the names of elements that HTML does not know.

    Returns:
        The new tokens; `tokens` itself if there is nothing to rewrite.
    """
    odd = ODD | unknown
    if unseen:
        indices = [
            index
            for index, (close, tag, attributes, _) in enumerate(tokens)
            if not close
            and (tag in odd or (attributes and tag in INLINE and tag + attributes in unseen))
        ]
    else:
        indices = [at for at, token in enumerate(tokens) if token[1] in odd and not token[0]]
    out: list[Token] = list(tokens)
    removed: list[tuple[int, int]] = []
    after = 0
    changed = False
    for at in indices:
        if at < after:
            continue
        _, tag, attributes, text = tokens[at]
        if tag in unknown:
            end = _end_of(tokens, at, MOST_TOKENS)
            if (
                end
                and _is_line(tokens[at + 1 : end], unknown)
                and _in_line(tokens, at, end, unknown)
            ):
                out[at] = "", "", attributes, text
                out[end] = "/", "", "", tokens[end][3]
                changed = True
            continue
        end, new = _replacement(tokens, at, unseen)
        if end:
            out[at] = "", "", "", new + tokens[end][3]
            removed.append((at + 1, end + 1))
            after = end
    if not removed:
        return out if changed else tokens
    kept: list[Token] = []
    last = 0
    for start, end in removed:
        kept += out[last:start]
        last = end
    return kept + out[last:]


def _in_line(tokens: Sequence[Token], at: int, end: int, unknown: AbstractSet[str]) -> bool:
    """Whether an element has text beside it in its line, or is in an element of one line."""
    if _has_text(tokens[end][3]):
        return True
    for close, tag, _, text in reversed(tokens[max(0, at - MOST_MARK_TOKENS) : at]):
        if text and _has_text(text):
            return True
        if tag and tag not in INLINE and tag not in unknown:
            return not close and tag in ONE_LINE
    return False


def _replacement(tokens: Sequence[Token], at: int, unseen: AbstractSet[str]) -> tuple[int, str]:
    """How an inline element is rewritten.

    Returns:
        The index of its closing tag, or 0 if it is kept; and the text that replaces it.
    """
    _, tag, attributes, _ = tokens[at]
    if tag in RUBY_READINGS:
        return _end_of(tokens, at, MOST_TOKENS), ""
    if attributes and tag + attributes in unseen:
        end = _end_of(tokens, at, MOST_TOKENS)
        inner = tokens[at:end]
        length = sum(len(token[3]) for token in inner)
        if 0 < length <= HIDDEN_LENGTH and _is_line(inner, ()):
            return end, ""
    if tag in ("sup", "sub"):
        end = _end_of(tokens, at, MOST_MARK_TOKENS)
        if end:
            new = _script_text(tag, tokens[at:end], tokens[max(0, at - MOST_MARK_TOKENS) : at])
            if new is not None:
                return end, new
    return 0, ""


def _end_of(tokens: Sequence[Token], at: int, within: int) -> int:
    """The index of the closing tag of the element at `at`; 0 if it is not `within` that far."""
    tag, depth = tokens[at][1], 0
    for index in range(at, min(at + within, len(tokens))):
        if tokens[index][1] == tag:
            depth += -1 if tokens[index][0] else 1
            if not depth:
                return index
    return 0


def _is_line(tokens: Sequence[Token], unknown: AbstractSet[str] | tuple[()]) -> bool:
    """Whether all tokens are inline, or of unknown elements."""
    return all(not tag or tag in INLINE or tag in unknown for _, tag, _, _ in tokens)
