"""The names of the formats of raw pages, and of the header that says them.

Invariant: this module loads nothing, because every command reads the settings. The names are on the
bus and never change.
"""

from typing import Literal, get_args

RawFormat = Literal["event", "html", "warc", "scrapy-cluster"]

FORMATS: tuple[RawFormat, ...] = get_args(RawFormat)
"""The formats that a value can have."""

FORMAT_HEADER = "cleanwire.format"
"""On raw pages: the format of the value. A record without it has the format of the setting
`CLEANWIRE_RAW_FORMAT`."""
