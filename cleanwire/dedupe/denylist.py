"""What was taken down: articles that are never published again, and pages up to a time.

Invariants:

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
        url_keys: what stands for normalised URLs (`key_table.hash_of`), 16 bytes each.
        at: when it was asked for, in seconds since the epoch.
        sequence: its place among all candidates.
    """

    ids: Collection[str] = ()
    url_keys: Collection[bytes] = ()
    at: float
    sequence: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What is remembered of a takedown, under the key of an id or of a page.

    Attributes:
        sequence: the takedown's.
        until: of a page, the event time up to which it is denied; None of an id.
        since: of a page, the sequence of the first of its takedowns; None if there was no other.
    """

    sequence: int
    until: float | None = None
    since: int | None = None

    @property
    def first(self) -> int:
        """The sequence of the first takedown."""
        return self.sequence if self.since is None else self.since

    def concerns(self, sequence: int, event_time: float) -> bool:
        """Whether a candidate of the page, with its sequence and event time, came too late."""
        return self.until is not None and sequence >= self.first and event_time <= self.until


class Denylist:
    """All denials."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._url_keys: dict[bytes, Denial] = {}

    def __contains__(self, article: str | None) -> bool:
        return article in self._ids

    def of_url(self, url_key: bytes) -> Denial | None:
        """The denial of a page, if there is one."""
        return self._url_keys.get(url_key)

    def of(self, sequence: int) -> list[str]:
        """The ids that the takedown of this sequence denied."""
        return [article for article, other in self._ids.items() if other == sequence]

    def add(self, key: str, denial: Denial) -> None:
        """Take in what was written under a key of `records`.

        Raises:
            ValueError: no such key.
        """
        if key.startswith(_ID):
            self._ids[key.removeprefix(_ID)] = denial.sequence
        elif key.startswith(_PAGE):
            self._url_keys[bytes.fromhex(key.removeprefix(_PAGE))] = denial
        else:
            raise ValueError(f"no key of a denial: {key[:80]!r}")

    def records(
        self, ids: Collection[str], url_keys: Mapping[bytes, float], sequence: int
    ) -> dict[str, Denial]:
        """What to remember of a takedown, by key; nothing is taken in yet.

        Args:
            ids: of the articles that it withdraws.
            url_keys: the event times up to which it denies pages, by URL key.
            sequence: the takedown's.
        """
        found = {_ID + article: Denial(sequence=sequence) for article in ids}
        # It may have been here before and not have been written down.
        again = {
            url_key: denial
            for url_key, denial in self._url_keys.items()
            if denial.sequence == sequence
        }
        found |= {_PAGE + url_key.hex(): denial for url_key, denial in again.items()}
        for url_key, until in url_keys.items():
            before = self._url_keys.get(url_key)
            if before is None:
                denial = Denial(sequence=sequence, until=until)
            elif before.sequence >= sequence:
                denial = before
            else:
                latest = max(until, before.until or until)
                denial = Denial(sequence=sequence, until=latest, since=before.first)
            found[_PAGE + url_key.hex()] = denial
        return found


def is_key(key: str) -> bool:
    """Whether a denial is written under this key."""
    return key.startswith((_ID, _PAGE))
