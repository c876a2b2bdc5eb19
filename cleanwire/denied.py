"""What was taken down: articles that are never published again, and pages up to a time.

What must always hold here:

- A denial is for ever. An id stays denied whatever comes; a page (a URL) stays denied for what
  was fetched up to a time, so that what is fetched later is a sighting like any other.
- A takedown that is delivered again finds what it denied, and denies the same again.
"""

import dataclasses
from collections.abc import Collection, Mapping

_ID = "denied-id:"
_PAGE = "denied-page:"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """What is to be withdrawn.

    Attributes:
        ids: of articles.
        pages: what stands for normalised URLs (`keys.hash_of`), 16 bytes each.
        at: when it was asked for, in seconds since the epoch.
        order: its place in the order of all candidates.
    """

    ids: Collection[str] = ()
    pages: Collection[bytes] = ()
    at: float
    order: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What is remembered of a takedown, under the key of an id or of a page.

    Attributes:
        order: the takedown's.
        until: of a page, the event time up to which it is denied; None of an id.
        since: of a page, the order of the first of its takedowns; None if there was no other.
    """

    order: int
    until: float | None = None
    since: int | None = None

    @property
    def first(self) -> int:
        """The order of the first takedown."""
        return self.order if self.since is None else self.since

    def concerns(self, order: int, event_time: float) -> bool:
        """Whether a candidate of the page, with its order and event time, came too late."""
        return self.until is not None and order >= self.first and event_time <= self.until


class Denied:
    """All denials."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._pages: dict[bytes, Denial] = {}

    def __contains__(self, article: str | None) -> bool:
        return article in self._ids

    def page(self, page: bytes) -> Denial | None:
        """The denial of a page, if there is one."""
        return self._pages.get(page)

    def of(self, order: int) -> list[str]:
        """The ids that the takedown of this order denied."""
        return [article for article, other in self._ids.items() if other == order]

    def add(self, key: str, denial: Denial) -> None:
        """Take in what was written under a key of `records`.

        Raises:
            ValueError: no such key.
        """
        if key.startswith(_ID):
            self._ids[key.removeprefix(_ID)] = denial.order
        elif key.startswith(_PAGE):
            self._pages[bytes.fromhex(key.removeprefix(_PAGE))] = denial
        else:
            raise ValueError(f"no key of a denial: {key[:80]!r}")

    def records(
        self, ids: Collection[str], pages: Mapping[bytes, float], order: int
    ) -> dict[str, Denial]:
        """What to remember of a takedown, by key; nothing is taken in yet.

        Args:
            ids: of the articles that it withdraws.
            pages: the event times up to which it denies pages.
            order: the takedown's.
        """
        found = {_ID + article: Denial(order=order) for article in ids}
        # It may have been here before and not have been written down.
        again = {page: denial for page, denial in self._pages.items() if denial.order == order}
        found |= {_PAGE + page.hex(): denial for page, denial in again.items()}
        for page, until in pages.items():
            before = self._pages.get(page)
            if before is None:
                denial = Denial(order=order, until=until)
            elif before.order >= order:
                denial = before
            else:
                latest = max(until, before.until or until)
                denial = Denial(order=order, until=latest, since=before.first)
            found[_PAGE + page.hex()] = denial
        return found


def is_key(key: str) -> bool:
    """Whether a denial is written under this key."""
    return key.startswith((_ID, _PAGE))
