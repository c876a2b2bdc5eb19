"""The rules that take blocks out of a body, by name.

Invariant: a rule that takes out a block that the model may choose has a name here, so that every
block that is missing from a body is explained by the model or by one of these names.
"""

from typing import Literal

Rule = Literal[
    "comments",
    "hidden",
    "second printing",
    "teasers",
    "separator",
    "counter",
    "title",
    "date",
    "list at the end",
    "above the title",
]
"""`exclusions` takes out `comments`, `hidden`, `second printing` and `teasers`. `assembly` takes
out `separator`, `counter`, `title` and `date`. `extractor` takes out the last two, of plain-text
pages only."""
