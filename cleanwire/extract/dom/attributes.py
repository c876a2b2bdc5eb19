"""Attributes as a written tree has them: each ` name="value"`, with a blank before it.

Invariant: a value holds no quotation mark, because a written tree escapes them.
"""


def value_of(attributes: str, name: str) -> str:
    """An attribute's value in attributes as a written tree has them; empty if there is none."""
    start = attributes.find(f' {name}="')
    if start < 0:
        return ""
    start += len(name) + 3
    return attributes[start : attributes.find('"', start)]


def classes_of(attributes: str) -> list[str]:
    """The names in an element's class, as written."""
    return value_of(attributes, "class").split()
