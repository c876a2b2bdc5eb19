"""Headings in buttons: the titles of an accordion's parts.

Invariant: a button is taken out of a page unless it is the whole of a heading, or holds a
heading. A button beside the words of a heading (share, copy, edit) is a control and goes.
"""

from collections.abc import Iterable

from selectolax.lexbor import LexborNode

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

_ABOVE = 3
_WITHIN = 6


def keep_headings(buttons: Iterable[LexborNode]) -> None:
    """Take the buttons of headings out of their tree, and leave what they hold in place."""
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
    node = button.parent
    for _ in range(_ABOVE):
        if node is None:
            return None
        if node.tag in HEADINGS or node.tag == "dt":
            return node
        node = node.parent
    return None


def _is_whole(button: LexborNode, heading: LexborNode) -> bool:
    words = button.text().split()
    return bool(words) and words == heading.text().split()


def _holds_heading(button: LexborNode) -> bool:
    """Whether one of the button's first elements, or one in them, is a heading."""
    nodes = [button]
    for _ in range(_WITHIN):
        below: list[LexborNode] = []
        for node in nodes:
            child = node.child
            while child is not None and len(below) < _WITHIN:
                if child.tag in HEADINGS:
                    return True
                if child.is_element_node:
                    below.append(child)
                child = child.next
        if not below:
            return False
        nodes = below
    return False
