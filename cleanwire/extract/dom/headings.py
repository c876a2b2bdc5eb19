"""Keeps headings that are in buttons, such as the titles in an accordion.

Invariant: a button is unwrapped, so that its content stays on the page, only if it is the whole of
a heading or holds a heading. Every other button is left, and `read_html` removes it: beside the
words of a heading it is a control (share, copy, edit).
"""

from collections.abc import Iterable

from selectolax.lexbor import LexborNode

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

_MOST_ANCESTORS = 3
_MOST_INSIDE = 6
"""How deep, and how many elements at each depth, a button is searched for a heading."""


def keep_headings(buttons: Iterable[LexborNode]) -> None:
    """Unwrap the buttons that make up or hold a heading: the button goes, its content stays."""
    seen: set[int] = set()
    for button in buttons:
        heading = _heading_around(button)
        if heading is not None and heading.mem_id not in seen:
            seen.add(heading.mem_id)
            if _is_whole(button, heading):
                button.unwrap()
                continue
        if _holds_heading(button):
            button.unwrap()


def _heading_around(button: LexborNode) -> LexborNode | None:
    """The nearest heading or `dt` around a button, up to `_MOST_ANCESTORS` above it."""
    node = button.parent
    for _ in range(_MOST_ANCESTORS):
        if node is None:
            return None
        if node.tag in HEADINGS or node.tag == "dt":
            return node
        node = node.parent
    return None


def _is_whole(button: LexborNode, heading: LexborNode) -> bool:
    """Whether a button has all words of a heading."""
    words = button.text().split()
    return bool(words) and words == heading.text().split()


def _holds_heading(button: LexborNode) -> bool:
    """Whether one of the first elements in a button, to a bounded depth, is a heading."""
    nodes = [button]
    for _ in range(_MOST_INSIDE):
        below: list[LexborNode] = []
        for node in nodes:
            child = node.child
            while child is not None and len(below) < _MOST_INSIDE:
                if child.tag in HEADINGS:
                    return True
                if child.is_element_node:
                    below.append(child)
                child = child.next
        if not below:
            return False
        nodes = below
    return False
