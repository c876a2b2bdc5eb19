"""What is put right in a page before it is read: shadow roots, headings in buttons.

Invariant: a search of the tree costs as much as all else that is done here for most pages, so
there is one for all things.
"""

import dataclasses
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.dom.headings import keep_headings
from cleanwire.extract.dom.hidden import Sheet, sheet_of
from cleanwire.extract.dom.shadow import is_shadow_root, open_shadow_roots
from cleanwire.extract.metadata.metadata import WITNESSES, by_tag

_SEARCHED = f"template,button,style,nav,footer,{WITNESSES}"


@dataclasses.dataclass(frozen=True, slots=True)
class Parts:
    """What was found in a page while it was put right.

    Attributes:
        sheet: what its style sheets hide.
        nodes: its elements of some kinds, by tag: what `WITNESSES` select, `nav` and `footer`.
    """

    sheet: Sheet
    nodes: Mapping[str, list[LexborNode]]


def opened(tree: LexborHTMLParser) -> Parts:
    """Put shadow roots in place and headings out of their buttons."""
    found = by_tag(tree.css(_SEARCHED))
    if any(map(is_shadow_root, found["template"])):
        open_shadow_roots(tree)
        # What the roots hold is in the tree only now.
        found = by_tag(tree.css(_SEARCHED))
    keep_headings(found["button"])
    return Parts(sheet_of(found["style"]), found)


def scriptless_words(tree: LexborHTMLParser) -> int:
    """About how many words a page has for browsers without scripts."""
    return sum(len(node.text(separator=" ").split()) for node in tree.css("noscript"))
