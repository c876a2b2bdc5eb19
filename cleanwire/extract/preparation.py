"""Prepares a parsed page: shadow roots are opened, headings leave their buttons, styles are read.

Invariant: the tree is searched once for all kinds of elements that are needed, and a second time
only if shadow roots were opened. For most pages a search costs as much as everything else here.
"""

import dataclasses
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.dom.headings import keep_headings
from cleanwire.extract.dom.hidden import Sheet, sheet_of
from cleanwire.extract.dom.shadow import is_shadow_root, open_shadow_roots
from cleanwire.extract.metadata.meta_tags import by_tag
from cleanwire.extract.metadata.metadata import WITNESSES

_SELECTED = f"template,button,style,nav,footer,{WITNESSES}"


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """What the search of a page found.

    Attributes:
        sheet: what the page's style sheets hide.
        nodes: elements by tag: those that `WITNESSES` selects, `nav` and `footer`.
    """

    sheet: Sheet
    nodes: Mapping[str, list[LexborNode]]


def prepare(tree: LexborHTMLParser) -> Prepared:
    """Prepare a page, in place.

    Args:
        tree: the page as parsed.
    """
    found = by_tag(tree.css(_SELECTED))
    if any(map(is_shadow_root, found["template"])):
        open_shadow_roots(tree)
        # The content of the shadow roots is in the tree only from here on.
        found = by_tag(tree.css(_SELECTED))
    keep_headings(found["button"])
    return Prepared(sheet_of(found["style"]), found)


def scriptless_words(tree: LexborHTMLParser) -> int:
    """About how many words a page has in `noscript`, for browsers without scripts."""
    return sum(len(node.text(separator=" ").split()) for node in tree.css("noscript"))
