"""What is put right in a page before it is read: shadow roots, headings in buttons.

The rule here: each search of the tree costs as much as all else that is done here for most
pages, so there is one for each thing and no more.
"""

from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.headings import keep_headings
from cleanwire.extract.hidden import Sheet, sheet_of
from cleanwire.extract.shadow import is_shadow_root, open_shadow_roots


def opened(tree: LexborHTMLParser) -> Sheet:
    """Put shadow roots in place and headings out of their buttons.

    Returns:
        What the style sheets of the page hide.
    """
    if any(map(is_shadow_root, tree.css("template"))):
        open_shadow_roots(tree)
    keep_headings(tree.css("button"))
    return sheet_of(tree.css("style"))


def scriptless_words(tree: LexborHTMLParser) -> int:
    """About how many words a page has for browsers without scripts."""
    return sum(len(node.text(separator=" ").split()) for node in tree.css("noscript"))
