"""What is put right in a page before it is read: shadow roots, headings in buttons.

The rule here: a search of the tree costs as much as all else that is done here for most pages, so
there is one for all things.
"""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.headings import keep_headings
from cleanwire.extract.hidden import Sheet, sheet_of
from cleanwire.extract.shadow import is_shadow_root, open_shadow_roots


def opened(tree: LexborHTMLParser) -> Sheet:
    """Put shadow roots in place and headings out of their buttons.

    Returns:
        What the style sheets of the page hide.
    """
    found: dict[str, list[LexborNode]] = {"template": [], "button": [], "style": []}
    for node in tree.css("template,button,style"):
        found[node.tag or ""].append(node)
    if any(map(is_shadow_root, found["template"])):
        open_shadow_roots(tree)
        # What the roots hold is in the tree only now.
        found |= {"button": tree.css("button"), "style": tree.css("style")}
    keep_headings(found["button"])
    return sheet_of(found["style"])


def scriptless_words(tree: LexborHTMLParser) -> int:
    """About how many words a page has for browsers without scripts."""
    return sum(len(node.text(separator=" ").split()) for node in tree.css("noscript"))
