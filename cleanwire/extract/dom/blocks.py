"""A page -> its text as blocks, in order.

Invariant: the page is read once, without recursion. A block ends at every element that is not
inline, and at a `br` outside a paragraph. A block's text and elements are recorded; whether the
block belongs to the article is not decided here. The lines of a plain-text page become blocks too.

lexbor parses the page, removes elements that are never visible, and serialises the tree. The
serialised form has one spelling, so one compiled pass over its bytes (`serialised/scan.py`) finds
blocks and elements. Walking the tree node by node from Python takes four times as long.
"""

from collections.abc import Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.errors import TooLarge
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.heading_links import remove_heading_links
from cleanwire.extract.dom.hidden import HIDES_NOTHING, Sheet
from cleanwire.extract.dom.inline import rewritten
from cleanwire.extract.dom.serialised.scan import INSIDE, IS_ODD
from cleanwire.extract.dom.serialised.scanned import block_list, scanned
from cleanwire.extract.dom.text import squeezed
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
        TooLarge: the page has more tags than `scanned` takes, or more than `MAX_BLOCKS` blocks.
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
    page = _read(html, sheet) if html else _empty()
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


def _read(html: str, sheet: Sheet) -> BlockList:
    """The blocks of a serialised `body`, after `rewritten` and `unwrap_blocks` did their work."""
    found = scanned(html, sheet_hides=sheet.hides_names)
    written = found.written()
    if len(found.suspects):
        suspected = found.suspected()
        unseen = sheet.unseen(suspected)
        rows = found.suspects[found.suspects[:, IS_ODD] > 0].tolist()
        for element in unseen:
            rows += suspected[element]
        places = sorted((line, start) for line, start, *_ in rows)
        other = rewritten(html, places, unseen) if places else None
        if other is not None:
            found = scanned(other, sheet_hides=False)
    page = block_list(found)
    # Rewriting may drop the attributes of an element that selectors still find in the tree.
    page.written = written
    inside = found.blocks[:, INSIDE]
    if (inside[2:] == inside[:-2]).any():
        unwrap_blocks(page)
    remove_heading_links(page, html)
    return page


def _bounded(page: BlockList) -> BlockList:
    """The page itself, if it has no more than `MAX_BLOCKS` blocks."""
    if len(page) > MAX_BLOCKS:
        raise TooLarge(f"the page has {len(page)} blocks of text, more than {MAX_BLOCKS}")
    return page


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
