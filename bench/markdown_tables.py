"""Tables in Markdown, for the pages that the measuring programs write."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table with its first column to the left and all others to the right.

    Args:
        head: the names of the columns.
        lines: the cells of each line, as many as there are columns.
    """
    rule = "|---" + "|---:" * (len(head) - 1) + "|"
    return "\n".join([_line(head), rule, *map(_line, lines)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
