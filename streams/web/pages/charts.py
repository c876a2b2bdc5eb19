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


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
