"""Charts as SVG.

Invariant: a chart shows numbers and names that the caller chose, never text of a page. What it
shows is told in words too: each column has a title, and the chart has a label.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from markupsafe import Markup

HEIGHT = 120
_STEP, _GAP = 10, 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a chart.

    Attributes:
        label: what it stands for, such as a time.
        parts: the height of each part, by the name of its style class, from the bottom upwards.
    """

    label: str
    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        """The height of the whole column."""
        return sum(self.parts.values())


def columns(series: Sequence[Column], *, label: str, unit: str = "") -> Markup:
    """A chart of stacked columns.

    Args:
        series: the columns, from left to right; at least one.
        label: what the chart shows, for who cannot see it; the greatest value is added to it.
        unit: what the numbers count, such as "pages".
    """
    top = max(column.total for column in series)
    shown = Markup("").join(
        _column(column, place, top, unit) for place, column in enumerate(series) if column.total
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" '
        'aria-label="{}, highest {} {}">{}</svg>'
    ).format(len(series) * _STEP, HEIGHT, label, _number(top), unit, shown)


def _column(column: Column, place: int, top: float, unit: str) -> Markup:
    parts, below = Markup(""), 0.0
    for name, value in column.parts.items():
        if not value:
            continue
        below += value
        parts += Markup('<rect class="{}" x="{}" y="{:.2f}" width="{}" height="{:.2f}"/>').format(
            name, place * _STEP, HEIGHT * (1 - below / top), _STEP - _GAP, HEIGHT * value / top
        )
    told = ", ".join(f"{name} {_number(value)}" for name, value in column.parts.items() if value)
    return Markup("<g><title>{}: {} {}</title>{}</g>").format(column.label, told, unit, parts)


def sparkline(values: Sequence[float], *, label: str) -> Markup:
    """A line through values at equal distances, from left to right.

    Args:
        values: the values; at least two.
        label: what the line shows, for who cannot see it.
    """
    top, width = max(values) or 1, (len(values) - 1) * _STEP
    points = " ".join(
        f"{place * _STEP},{HEIGHT * (1 - value / top):.1f}" for place, value in enumerate(values)
    )
    return Markup(
        '<svg class="line" viewBox="0 -2 {} {}" preserveAspectRatio="none" role="img" '
        'aria-label="{}, now {}, highest {}"><polyline points="{}"/></svg>'
    ).format(width, HEIGHT + 4, label, _number(values[-1]), _number(top), points)


def shares(parts: Mapping[str, float], *, label: str) -> Markup:
    """A bar that is divided by the shares of its parts.

    Args:
        parts: the size of each part, by the name of its style class, from left to right.
        label: what is divided, for who cannot see it; the shares are added to it.
    """
    total = sum(parts.values()) or 1
    told = ", ".join(f"{name} {value / total:.0%}" for name, value in parts.items())
    shown, start = Markup(""), 0.0
    for name, value in parts.items():
        wide = 100 * value / total
        shown += Markup('<rect class="{}" x="{:.2f}" y="0" width="{:.2f}" height="10"/>').format(
            name, start, wide
        )
        start += wide
    return Markup(
        '<svg class="shares" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        'aria-label="{}: {}">{}</svg>'
    ).format(label, told, shown)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
