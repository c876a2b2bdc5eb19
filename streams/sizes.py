"""Sizes as people write them: `4GiB`, `512Mi`, `10MB`, or a number of bytes.

Invariant: a size that two readers may take for two numbers is refused. `512M` is decimal in
Kubernetes and binary in Java, and `MB` and `Mb` differ by a factor of eight.
"""

import re
from decimal import Decimal

_BINARY = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_UNITS = {
    "B": 1,
    **{f"{letter}{end}": size for letter, size in _BINARY.items() for end in ("i", "iB")},
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}
_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,6})?) ?([A-Za-z]{1,8})")


def parse_size(value: object) -> object:
    """Read a size with a unit as its number of bytes; anything else is returned as it is.

    Raises:
        ValueError: the unit is unknown or may be read in two ways, or the size is no whole number
            of bytes.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    found = _SIZE.fullmatch(text)
    if found is None:
        if text.isascii() and text.lstrip("+-").replace("_", "").isdigit():
            return value
        raise ValueError("use a number of bytes, or one with a unit such as 16MiB or 16MB")
    number, unit = found.groups()
    if unit not in _UNITS:
        raise ValueError(_explain(number, unit))
    size = Decimal(number) * _UNITS[unit]
    if size != int(size):
        raise ValueError(f"use a whole number of bytes; {text} is {size.normalize():f}")
    return int(size)


def _explain(number: str, unit: str) -> str:
    letter = unit[0].upper()
    decimal = "kB" if letter == "K" else f"{letter}B"
    if decimal not in _UNITS or unit[1:].lower() not in {"", "b", "i", "ib"}:
        return f"use a number of bytes, or one with a unit such as 16MiB or 16MB; {unit} is none"
    binary = f"{letter}iB"
    return (
        f"write {number}{binary} for {number} x {_UNITS[binary]:,} bytes, or {number}{decimal} "
        f"for {number} x {_UNITS[decimal]:,}"
    )
