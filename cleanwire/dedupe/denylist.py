"""What was taken down: article ids for ever, and URLs up to a time.

Invariants:

- A denial is never lifted. An id stays denied for ever. A URL stays denied for everything that was
  fetched up to a time; a later fetch of the URL is treated as any other page.
- A takedown that is delivered again finds what it denied before, and denies the same again.
"""

import dataclasses
from collections.abc import Collection, Mapping

_ID = "denied-id:"
_PAGE = "denied-page:"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """What is to be withdrawn.

    Attributes:
        ids: ids of articles.
        url_keys: keys of normalised URLs (`key_table.hash_of`), 16 bytes each.
        at: when the takedown was requested, in seconds since the epoch.
        sequence: the takedown's position among all candidates.
    """

    ids: Collection[str] = ()
    url_keys: Collection[bytes] = ()
    at: float
    sequence: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """The denial of one id or of one URL.

    Attributes:
        sequence: the sequence of its latest takedown.
        until: of a URL, the event time up to which it is denied, in seconds since the epoch; None
            for an id.
        since: of a URL, the sequence of the first of its takedowns; None if there was only one.
    """

    sequence: int
    until: float | None = None
    since: int | None = None

    @property
    def first(self) -> int:
        """The sequence of the first takedown."""
        return self.sequence if self.since is None else self.since

    def concerns(self, sequence: int, event_time: float) -> bool:
        """Whether a candidate of this URL is denied, given its sequence and event time."""
        return self.until is not None and sequence >= self.first and event_time <= self.until


class Denylist:
    """All denials."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._url_keys: dict[bytes, Denial] = {}

    def __contains__(self, article: str | None) -> bool:
        return article in self._ids

    def of_url(self, url_key: bytes) -> Denial | None:
        """The denial of a URL, or None."""
        return self._url_keys.get(url_key)

    def of(self, sequence: int) -> list[str]:
        """The ids that the takedown of this sequence denied."""
        return [article for article, other in self._ids.items() if other == sequence]

    def add(self, key: str, denial: Denial) -> None:
        """Add a denial by its record key, as `records` makes it.

        Raises:
            ValueError: the key is no key of a denial.
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
        """The records that a takedown leads to, by record key. The denylist is not changed.

        Args:
            ids: ids of the articles that the takedown withdraws.
            url_keys: the event times up to which it denies URLs, by URL key.
            sequence: the takedown's position among all candidates.

        Returns:
            The denials by record key. A URL that an earlier takedown denied gets the later of the
            two times. A denial by this takedown or a later one stays as it is.
        """
        found = {_ID + article: Denial(sequence=sequence) for article in ids}
        # A redelivery: the first attempt changed the denylist but may not have been persisted.
        # Write the same denials again.
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
    """Whether this is the record key of a denial."""
    return key.startswith((_ID, _PAGE))
