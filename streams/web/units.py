"""Numbers in units, as people read them.

Invariant: what is shown differs from the number by less than the last digit that is shown.
"""

import math

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def duration(seconds: float) -> str:
    """A length of time in its two largest units, such as "3 min 20 s"."""
    if seconds < 10:  # noqa: PLR2004 - tenths say something here
        return f"{seconds:.1f} s"
    parts, rest = [], round(seconds)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if rest >= size:
            parts.append(f"{rest // size} {unit}")
            rest %= size
    return " ".join(parts[:2])


def size(count: float) -> str:
    """A number of bytes in a binary unit, such as "1.5 MiB"."""
    power = min(int(math.log(max(count, 1), 1024)), len(_UNITS) - 1)
    digits = 1 if power else 0
    return f"{count / 1024**power:,.{digits}f} {_UNITS[power]}"
