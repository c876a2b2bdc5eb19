"""Reads attributes as a serialised tree has them: each ` name="value"`, with a blank before it.

Invariant: a value has no quotation mark in it, because serialising a tree escapes them (HTML
standard, "escaping a string").
"""


def value_of(attributes: str, name: str) -> str:
    """The value of an attribute, still escaped; "" if the element has no such attribute."""
    start = attributes.find(f' {name}="')
    if start < 0:
        return ""
    start += len(name) + 3
    return attributes[start : attributes.find('"', start)]


def classes_of(attributes: str) -> list[str]:
    """The names in an element's `class`, in their order."""
    return value_of(attributes, "class").split()
