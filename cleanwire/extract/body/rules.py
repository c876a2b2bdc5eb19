"""The rules that take blocks out of a body, and the two that keep them, by name.

Invariant: a rule that decides against the model has a name here, so that every block that is in a
body or missing from it is explained by the model or by one of these names.
"""

from typing import Literal

Rule = Literal[
    "comments",
    "another article",
    "hidden",
    "second printing",
    "teasers",
    "line numbers",
    "code",
    "table",
    "separator",
    "counter",
    "title",
    "date",
    "list at the end",
    "above the title",
]
"""`exclusions` takes out `comments`, `another article`, `hidden`, `second printing` and `teasers`.
`code` takes out `line numbers` and keeps `code`. `tables` keeps `table`. `assembly` takes out
`separator`, `counter`, `title` and `date`. `extractor` takes out the last two, of plain-text pages
only."""

KEEPS: frozenset[Rule] = frozenset({"code", "table"})
"""The rules that keep blocks which the model did not choose."""
