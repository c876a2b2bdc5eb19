"""Who copies whom, as SVG.

Invariants:

- Names come from pages. They are escaped, cut to a width, and each is a text element of its own, so
  that no name reorders another.
- A picture has a label in words. The page that shows it has the same numbers in a table.
"""

import unicodedata
from collections.abc import Sequence

from markupsafe import Markup

from streams.web.pages.rendering import printable
from streams.web.store.model import Copying

MOST_NEIGHBOURS = 10
"""Sites on one side of a picture; the rest is added up in one line."""

MOST_CELLS = 22
"""Characters of a name that are shown, a wide one counted twice."""

_NAMES, _LINES, _BAR = 245, 120, 12
_ROW, _TOP = 30, 44
_THICK, _THIN = 22.0, 1.5
_CELL, _SLANT = 36, 145

Flow = tuple[str, int]
"""A name and a number of copies."""


def cut(name: str, most: int = MOST_CELLS) -> str:
    """A name with its middle left out if it is wider than `most` characters.

    Both ends of a site's name tell something: the end is what it is registered under.
    """
    name = str(printable(name))
    if sum(map(_cells, name)) <= most:
        return name
    first = _prefix(name, most // 2)
    last = _prefix(name[::-1], most - 1 - most // 2)[::-1]
    return f"{first}…{last}"


def neighbours(
    site: str, copied_by: Sequence[Copying], copies: Sequence[Copying], *, most: int
) -> Markup:
    """The sites that copy a site on the left, and the sites that it copies on the right.

    Args:
        site: the site in the middle.
        copied_by: who copies it, the most frequent first.
        copies: whom it copies, the most copied first.
        most: how many of either there can be; if there are so many, there may be more.
    """
    left = _flows([(one.site, one.count) for one in copied_by], most)
    right = _flows([(one.original, one.count) for one in copies], most)
    thickest = max((count for side in (left, right) for _, count in side), default=1)
    total = max(sum(count for _, count in side) for side in (left, right)) or 1
    rows = max(len(left), len(right), 1)
    # Neither the thickest line nor all lines of a side together are wider than their room.
    scale = min(_THICK / thickest, rows * (_ROW - 6) / total)
    middle = _NAMES + _LINES
    width = 2 * middle + _BAR
    tall = max(_height(left, scale), _height(right, scale), 8.0)
    centre = _TOP + rows * _ROW / 2
    parts = [
        _text(_NAMES, 16, "end", "Sites that copy it", "head"),
        _text(width - _NAMES, 16, "start", "Sites that it copies", "head"),
        _side(left, (_NAMES, middle), rows, scale),
        _side(right, (width - _NAMES, middle + _BAR), rows, scale),
        Markup('<rect class="site" x="{}" y="{:.1f}" width="{}" height="{:.1f}" rx="3"/>').format(
            middle, centre - tall / 2, _BAR, tall
        ),
    ]
    for side, x, anchor in ((left, _NAMES, "end"), (right, width - _NAMES, "start")):
        if not side:
            parts.append(_text(x, centre + 5, anchor, "none", "none"))
    label = f"Who copies {printable(site)}, and whom it copies"
    return _svg("neighbours", width, _TOP + rows * _ROW, label, parts)


def matrix(copyings: Sequence[Copying]) -> Markup:
    """A row for each site that copies, a column for each original, and the copies in the cells.

    Args:
        copyings: the cells; at least one.
    """
    rows = _ranked([(one.site, one.count) for one in copyings])
    columns = _ranked([(one.original, one.count) for one in copyings])
    most = max(one.count for one in copyings)
    parts = [
        _text(_NAMES - 8, _SLANT - 12, "end", "copying site", "head"),
        _text(_NAMES, 14, "start", "original", "head"),
    ]
    for place, name in enumerate(rows):
        y = _SLANT + place * _CELL
        parts.append(_named(_NAMES - 8, y + _CELL / 2 + 5, "end", name))
        parts.append(
            Markup('<line x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
                _NAMES, y, _NAMES + len(columns) * _CELL, y
            )
        )
    for place, name in enumerate(columns):
        x = _NAMES + place * _CELL + _CELL / 2
        turned = Markup('<g transform="translate({} {}) rotate(-40)">{}</g>')
        parts.append(turned.format(x, _SLANT - 8, _named(0, 0, "start", name)))
    parts.extend(
        _cell(one, columns.index(one.original), rows.index(one.site), one.count / most)
        for one in copyings
    )
    width = _NAMES + len(columns) * _CELL + 140
    return _svg("matrix", width, _SLANT + len(rows) * _CELL + 2, "Who copies whom", parts)


def _cell(one: Copying, column: int, row: int, share: float) -> Markup:
    x, y = _NAMES + column * _CELL, _SLANT + row * _CELL
    return Markup(
        '<g><title>{} has {:,} {} of {}</title><rect x="{}" y="{}" width="{}" height="{}" '
        'fill-opacity="{:.2f}"/>{}</g>'
    ).format(
        printable(one.site),
        one.count,
        "copy" if one.count == 1 else "copies",
        printable(one.original),
        x + 1,
        y + 1,
        _CELL - 2,
        _CELL - 2,
        # The text in the cell is readable on the strongest fill.
        0.1 + 0.35 * share,
        _text(x + _CELL / 2, y + _CELL / 2 + 5, "middle", _short(one.count), ""),
    )


def _side(flows: Sequence[Flow], between: tuple[float, float], rows: int, scale: float) -> Markup:
    """The lines and names of one side.

    Args:
        flows: the names and numbers, from top to bottom.
        between: where the names are, and where the bar in the middle is.
        rows: how many rows the picture has.
        scale: how thick one copy is.
    """
    parts = Markup("")
    outer, inner = between
    centre = _TOP + rows * _ROW / 2
    is_left = outer < inner
    at = centre - _height(flows, scale) / 2
    first = _TOP + (rows - len(flows)) * _ROW / 2 + _ROW / 2
    for place, (name, count) in enumerate(flows):
        wide = _wide(count, scale)
        y, end = first + place * _ROW, at + wide / 2
        at += wide
        start = outer + 8 if is_left else outer - 8
        bend = (start + inner) / 2
        parts += Markup(
            '<g><title>{}: {:,}</title><path d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} '
            '{:.1f} {:.1f}" stroke-width="{:.1f}"/>{}</g>'
        ).format(
            printable(name),
            count,
            start,
            y,
            bend,
            y,
            bend,
            end,
            inner,
            end,
            wide,
            _counted(outer, y + 5, "end" if is_left else "start", name, count),
        )
    return parts


def _counted(x: float, y: float, anchor: str, name: str, count: int) -> Markup:
    """A name with its count beside the line, each in a text of its own."""
    room = 8 * len(f"{count:,}") + 12
    beside = x - room if anchor == "end" else x + room
    return _text(x, y, anchor, f"{count:,}", "count") + _text(beside, y, anchor, cut(name), "name")


def _named(x: float, y: float, anchor: str, name: str) -> Markup:
    return Markup("<g><title>{}</title>{}</g>").format(
        printable(name), _text(x, y, anchor, cut(name), "name")
    )


def _text(x: float, y: float, anchor: str, text: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, text
    )


def _svg(kind: str, width: float, height: float, label: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="graph {}" width="{:.0f}" height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}" '
        'role="img" aria-label="{}">{}</svg>'
    ).format(kind, width, height, width, height, label, Markup("").join(parts))


def _flows(flows: Sequence[Flow], most: int) -> list[Flow]:
    """The flows of one side; those that are too many for the picture are one flow."""
    if len(flows) <= MOST_NEIGHBOURS:
        return list(flows)
    shown, rest = flows[: MOST_NEIGHBOURS - 1], flows[MOST_NEIGHBOURS - 1 :]
    name = f"{len(rest)}{'+' if len(flows) >= most else ''} more sites"
    return [*shown, (name, sum(count for _, count in rest))]


def _ranked(flows: Sequence[Flow]) -> list[str]:
    """The names of flows, those with the greatest sum first."""
    sums: dict[str, int] = {}
    for name, count in flows:
        sums[name] = sums.get(name, 0) + count
    return sorted(sums, key=lambda name: (-sums[name], name))


def _wide(count: int, scale: float) -> float:
    return max(_THIN, count * scale)


def _height(flows: Sequence[Flow], scale: float) -> float:
    return sum(_wide(count, scale) for _, count in flows)


def _short(count: int) -> str:
    """A number in at most four characters."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count // size}{unit}"
    return str(count)


def _cells(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _prefix(text: str, most: int) -> str:
    """The beginning of a text that is at most so wide."""
    used = 0
    for place, sign in enumerate(text):
        used += _cells(sign)
        if used > most:
            return text[:place]
    return text
