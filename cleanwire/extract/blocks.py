"""A page -> its visible text as blocks, in order.

The rule here: one walk over the tree, without recursion, and no decision. A block ends at
every element that is not inline and at a `br`; what it is and where it stands is recorded,
whether it belongs to the article is decided elsewhere. The lines of a plain-text page become
blocks of the same kind.
"""

import dataclasses
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.text import squeezed

INVISIBLE = (
    "script,style,noscript,template,svg,math,iframe,object,embed,canvas,audio,video,map,"
    "select,option,button,input,textarea,datalist,dialog,link,meta,base,head"
)

INLINE = frozenset(
    (
        "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark meter "
        "nobr output q rp rt ruby s samp small span strike strong sub sup time tt u var wbr bdo "
        "img picture source track"
    ).split()
)

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

# What elements are for, by their name.
_FOREIGN_TAGS = frozenset({"nav", "aside", "footer", "menu", "figcaption", "form", "address"})

_TOKEN = re.compile(r"[A-Za-z]{2,40}")

# What class names and ids say, in the words that site builders use. Whole words, so that
# "lead" is not "ad"; a mark is lifted where it would drop most of the page.
FOREIGN = frozenset(
    (
        "nav navi navbar navigation menu submenu breadcrumb breadcrumbs crumb crumbs footer foot "
        "bottombar sidebar aside rail widget widgets related recommended recommendation "
        "recommendations recommend recirc recirculation similar more-from morefrom popular "
        "trending mostread ranking teaser teasers promo promotion promoted sponsor sponsored "
        "advert advertisement ads adbox outbrain taboola share sharing shares social socials "
        "sociallinks comment comments disqus respond reply newsletter subscribe subscription "
        "signup login register paywall cookie cookies consent gdpr banner popup modal overlay "
        "lightbox caption figcaption credit credits copyright tag tags taglist topics keywords "
        "byline author authors authorbox bio meta metadata postmeta dateline timestamp published "
        "pagination pager paging prevnext skip skiplink toolbar print rating ratings toc search "
        "searchform hidden invisible screenreader sronly tooltip donate donation correction "
        "disclaimer readmore alsoread"
    ).split()
)

BODY = frozenset(
    (
        "article articlebody articlecontent story storybody post postcontent postbody entry "
        "entrycontent content body text main maincontent richtext prose paragraph"
    ).split()
)


@dataclasses.dataclass(slots=True, eq=False)
class Block:
    """A run of text that stands by itself.

    Attributes:
        text: its words, white space squeezed; one line.
        tag: the nearest element that is not inline.
        linked: how many of its characters stand in links.
        bold: how many of its characters are bold.
        container: the place in `Page.containers` of the innermost block element.
        foreign: whether an element around it says that it is no body text, by name.
        marked: the same by class or id, the weaker witness.
    """

    text: str
    tag: str
    linked: int = 0
    bold: int = 0
    container: int = 0
    foreign: bool = False
    marked: bool = False

    @property
    def link_density(self) -> float:
        """The share of its characters that stand in links."""
        return min(1.0, self.linked / max(1, len(self.text)))


@dataclasses.dataclass(slots=True, eq=False)
class Container:
    """An element that holds blocks `start` to `end`, and the element around it."""

    tag: str
    parent: int
    start: int
    end: int
    body: bool


@dataclasses.dataclass(slots=True, eq=False)
class Page:
    """A page as blocks. Of a `flat` one only the lines are known, not what is a link."""

    blocks: list[Block]
    containers: list[Container]
    flat: bool = False


@dataclasses.dataclass(slots=True)
class _Frame:
    node: LexborNode | None
    tag: str
    container: int
    foreign: bool
    marked: bool
    link: bool
    bold: bool
    block: bool


class _Walk:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.containers = [Container("body", -1, 0, 0, body=False)]
        self.parts: list[str] = []
        self.linked = self.bold = 0

    def text(self, text: str, frame: _Frame) -> None:
        self.parts.append(text)
        if frame.link or frame.bold:
            length = len(text.strip())
            self.linked += length * frame.link
            self.bold += length * frame.bold

    def flush(self, frame: _Frame) -> None:
        if not self.parts:
            return
        text = squeezed("".join(self.parts))
        if text:
            self.blocks.append(
                Block(
                    text,
                    frame.tag,
                    self.linked,
                    self.bold,
                    frame.container,
                    frame.foreign,
                    frame.marked,
                )
            )
        self.parts.clear()
        self.linked = self.bold = 0

    def enter(self, node: LexborNode, tag: str, around: _Frame) -> _Frame:
        """The frame of an element that was just come to; `around` is the one it stands in."""
        if tag in INLINE:
            return _Frame(
                node.first_child,
                around.tag,
                around.container,
                around.foreign,
                around.marked,
                around.link or tag == "a",
                around.bold or tag in ("b", "strong"),
                block=False,
            )
        self.flush(around)
        marked, body, hidden = _names(node)
        self.containers.append(
            Container(tag, around.container, len(self.blocks), -1, body or tag == "article")
        )
        return _Frame(
            node.first_child,
            tag,
            len(self.containers) - 1,
            around.foreign or tag in _FOREIGN_TAGS or hidden,
            around.marked or marked,
            around.link,
            bold=False,
            block=True,
        )

    def leave(self, frame: _Frame) -> None:
        if frame.block:
            self.flush(frame)
            self.containers[frame.container].end = len(self.blocks)


def read_html(tree: LexborHTMLParser) -> Page:
    """The blocks of a parsed page; takes what is never visible out of the tree."""
    body = tree.body
    walk = _Walk()
    if body is None:
        return Page([], walk.containers)
    tree.strip_tags(INVISIBLE.split(","))
    stack = [_Frame(body.first_child, "body", 0, False, False, False, False, block=True)]  # noqa: FBT003 - a frame of nothing
    while stack:
        frame = stack[-1]
        node = frame.node
        if node is None:
            walk.leave(frame)
            stack.pop()
            continue
        frame.node = node.next
        if node.is_text_node:
            walk.text(node.text_content or "", frame)
        elif node.is_element_node:
            tag = node.tag or ""
            if tag in ("br", "hr"):
                if frame.tag == "p" and tag == "br" and not _is_double(node):
                    walk.parts.append("\n")
                else:
                    walk.flush(frame)
            else:
                stack.append(walk.enter(node, tag, frame))
    walk.containers[0].end = len(walk.blocks)
    return Page(walk.blocks, walk.containers)


def read_lines(lines: list[str]) -> Page:
    """The lines of a plain-text page as blocks."""
    blocks = [
        Block(text, "p" if not line.lstrip().startswith(("- ", "* ", "• ")) else "li")
        for line in lines
        if (text := squeezed(line))
    ]
    return Page(blocks, [Container("body", -1, 0, len(blocks), body=False)], flat=True)


def _is_double(node: LexborNode) -> bool:
    """Whether two line breaks follow each other: a paragraph's end in old pages."""
    for neighbour in (node.next, node.prev):
        if neighbour is None:
            continue
        if neighbour.tag == "br":
            return True
        if neighbour.is_text_node and not (neighbour.text_content or "").strip():
            beyond = neighbour.next if neighbour is node.next else neighbour.prev
            if beyond is not None and beyond.tag == "br":
                return True
    return False


def _names(node: LexborNode) -> tuple[bool, bool, bool]:
    """What class, id and role say: (marked as foreign, marked as body, hidden)."""
    attributes = node.attributes
    if not attributes:
        return False, False, False
    hidden = "hidden" in attributes or attributes.get("aria-hidden") == "true"
    style = attributes.get("style")
    if style and "display" in style and "none" in style:
        hidden = "none" in style.replace(" ", "").partition("display:")[2][:4]
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:400]
    if attributes.get("itemprop") == "articleBody":
        return False, True, hidden
    if not names.strip():
        return False, False, hidden
    return (*_meaning(names), hidden)


_meanings: dict[str, tuple[bool, bool]] = {}
_MEANINGS = 20_000


def _meaning(names: str) -> tuple[bool, bool]:
    """Whether class names mark an element as foreign, and as body; remembered, as sites repeat."""
    known = _meanings.get(names)
    if known is not None:
        return known
    words = _TOKEN.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", names))
    tokens = {word.lower() for word in words}
    joined = {name.lower().replace("-", "").replace("_", "") for name in names.split()}
    body = bool((tokens | joined) & BODY)
    meaning = (bool((tokens | joined) & FOREIGN), body)
    if len(_meanings) >= _MEANINGS:
        _meanings.clear()
    _meanings[names] = meaning
    return meaning
