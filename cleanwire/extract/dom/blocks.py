"""A page -> its text as blocks, in order.

Invariant: the page is walked once, without recursion. A block ends at every element that is not
inline, and at a `br` outside a paragraph. The walk records a block's text and elements; it does not
decide whether the block belongs to the article. The lines of a plain-text page become blocks too.

lexbor parses the page, removes elements that are never visible, and serialises the tree. The
serialised form has one spelling: every element is closed, every attribute is quoted, `<` and `>`
are escaped. So one regular expression cuts it into tokens at C speed. Walking the tree node by node
from Python takes twice the time.
"""

import operator
import re
from collections.abc import Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.errors import TooLarge
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.heading_links import remove_heading_links
from cleanwire.extract.dom.hidden import HIDES_NOTHING, Sheet
from cleanwire.extract.dom.inline import CLOSED, INLINE, ODD, Token, rewritten
from cleanwire.extract.dom.text import UNSEEN, squeezed
from cleanwire.extract.dom.wraps import unwrap_blocks

INVISIBLE = ("script style noscript template svg iframe button select textarea nav footer").split()
"""Elements that are removed from every page. Each costs a search of the tree, so these are common.

`nav` and `footer` are visible. But they hold a quarter of all elements, and two in ten thousand
words of the labelled content.
"""

_NAVIGATION: tuple[str, ...] = ("nav", "footer")
_NO_TEXT = ",".join(["a", *(tag for tag in INVISIBLE if tag not in _NAVIGATION)])

_LITTLE_TEXT = 400
"""Navigation with fewer characters holds no story."""

# The last four are serialised as raw text, as `script` and `style` are.
RARELY_USED = (
    "math,object,canvas,audio,video,map,option,datalist,dialog,xmp,noembed,noframes,plaintext"
)

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


MAX_TAGS = 1_000_000
MAX_BLOCKS = 200_000
"""A page with more takes seconds and gigabytes, and is no article: a book has about ten thousand
blocks."""


def _empty(*, flat: bool = False) -> BlockList:
    """A page without blocks, whose only element is `body`."""
    return BlockList([], [], [], [], [], {}, set(), ["body"], [""], [-1], [0], [0], flat=flat)


def read_html(
    tree: LexborHTMLParser,
    *,
    whole: bool = False,
    scriptless: bool = False,
    sheet: Sheet = HIDES_NOTHING,
    navigation: Sequence[LexborNode] | None = None,
) -> BlockList:
    """The blocks of a parsed page. Elements that are never visible are removed from the tree.

    Args:
        tree: the page.
        whole: whether `nav` and `footer` are kept. If one is not closed, the story is inside it.
        scriptless: whether `noscript` is kept, as a browser without scripts shows it.
        sheet: what the style sheets of the page hide. Hidden parts of a line are left out. Hidden
            blocks are kept, and `body/exclusions.py` decides on them.
        navigation: the page's `nav` and `footer` elements, if they are known; this saves a search.

    Raises:
        TooLarge: the page has more than `MAX_TAGS` tags or `MAX_BLOCKS` blocks.
    """
    if navigation is None:
        navigation = tree.css("nav,footer")
    pruned = 0 if whole else len(navigation)
    kept = () if pruned else _NAVIGATION
    if scriptless:
        kept = (*kept, "noscript")
    # Stripping frees the elements, so they are asked first.
    left_out = 0 if whole else sum(map(_shown_text, navigation))
    tree.strip_tags([tag for tag in INVISIBLE if tag not in kept])
    for node in tree.css(RARELY_USED):
        node.decompose()
    body = tree.body
    html = body.html if body is not None else None
    # The tags of the parsed page are counted, because a parser may reopen an element in each
    # paragraph.
    if html and html.count("<") > MAX_TAGS:
        raise TooLarge(f"the page has more than {MAX_TAGS} tags")
    page = _read(_TOKEN.findall(html), sheet) if html else _empty()
    page.pruned = pruned
    page.pruned_text = left_out
    return _bounded(page)


def _shown_text(navigation: LexborNode) -> int:
    """About how many characters of a `nav` or `footer` are visible and in no link."""
    text = navigation.text(deep=True) or ""
    # Most navigation is short, or is links.
    if len(text) < _LITTLE_TEXT or (length := _visible(text)) < _LITTLE_TEXT:
        return 0
    return length - sum(map(_length, navigation.css(_NO_TEXT)))


def _length(node: LexborNode) -> int:
    """How many characters the text of an element has, without its blanks."""
    return _visible(node.text(deep=True) or "")


def _visible(text: str) -> int:
    return sum(map(len, text.split()))


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
        tokens = rewritten(tokens, unseen, unknown)
    page = _walk(tokens)
    if any(map(operator.eq, page.inside, page.inside[2:])):
        unwrap_blocks(page)
    remove_heading_links(page)
    return page


def _bounded(page: BlockList) -> BlockList:
    """The page itself, if it has no more than `MAX_BLOCKS` blocks."""
    if len(page) > MAX_BLOCKS:
        raise TooLarge(f"the page has {len(page)} blocks of text, more than {MAX_BLOCKS}")
    return page


def _walk(tokens: Sequence[Token]) -> BlockList:  # noqa: C901, PLR0912, PLR0915 - one pass without calls; it is the hot loop
    """Walk the tokens once and collect the blocks and their elements."""
    page = _empty()
    page.tokens = tokens
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


def read_lines(lines: Sequence[str]) -> BlockList:
    """The lines of a plain-text page as blocks; empty lines make none.

    Raises:
        TooLarge: there are more than `MAX_BLOCKS` blocks.
    """
    page = _empty(flat=True)
    for line in lines:
        text = squeezed(line)
        if text:
            page.texts.append(text)
    count = len(page.texts)
    page.linked.extend([0] * count)
    page.links.extend([0] * count)
    page.bold.extend([0] * count)
    page.inside.extend([0] * count)
    page.ends[0] = count
    return _bounded(page)
