"""The address of a page's story in the view.

A page is named by its article's id. A rejected page has no id, so the place of its raw record names
it: topic, partition and offset, such as `raw-pages:3:17`. The search field of the list reads both.

Invariant: an address needs no escaping in a URL, and outlasts the store, which may be filled again.
"""

import re

from streams.web.reading.state import OutcomeView
from streams.web.store.model import Filter, OutcomeRecord, Place

_ID = re.compile(r"[0-9a-f]{32}")
_PLACE = re.compile(r"([A-Za-z0-9._-]{1,249}):([0-9]{1,9}):([0-9]{1,18})")


def name_of_page(record: OutcomeRecord | OutcomeView) -> str | None:
    """What follows `articles/` in the address of a page's story; None if nothing names the page."""
    if record.article is not None:
        return record.article
    return None if record.source is None else name_of_place(record.source)


def name_of_place(place: Place) -> str | None:
    """The place of a raw record as the name of its page; None if its topic cannot be one."""
    name = f"{place.topic}:{place.partition}:{place.offset}"
    return name if _PLACE.fullmatch(name) else None


def filter_by_name(name: str) -> Filter | None:
    """The filter that finds a page by its name; None if no page can have that name."""
    if _ID.fullmatch(name):
        return Filter(article=name)
    if found := _PLACE.fullmatch(name):
        place = Place(topic=found[1], partition=int(found[2]), offset=int(found[3]))
        return Filter(source=place)
    return None
