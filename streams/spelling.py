"""Tells a misspelt setting from a variable that is somebody else's.

Invariants:

- A name within `MOST_EDITS` edits of a setting is taken for that setting, misspelt.
- What Kubernetes puts into a container for a Service is not taken for a setting.
- Only names are looked at in messages, never values: a misspelt secret is still a secret.
"""

import re
from collections.abc import Iterable

MOST_EDITS = 2
"""Letters that may be missing, added, replaced or swapped with their neighbour."""

_SERVICE = re.compile(
    r"(?:[A-Z0-9]+_)*"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_SERVICE_URL = re.compile(r"(?:tcp|udp|sctp)://")


def is_of_a_service(name: str, value: str) -> bool:
    """Whether Kubernetes set a variable, because a Service of that name is in the namespace.

    A Service `cleanwire` gives `CLEANWIRE_PORT=tcp://10.0.0.1:6066` and six more. A Service
    `cleanwire-web` gives `CLEANWIRE_WEB_PORT`, which is the name of a setting too; only the value
    tells them apart.

    Args:
        name: the variable's name in upper case, without `CLEANWIRE_`.
        value: its value.
    """
    if _SERVICE.fullmatch(name):
        return True
    return name.endswith("PORT") and _SERVICE_URL.match(value) is not None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that needs the fewest edits; None if every one needs over `MOST_EDITS`."""
    near = [
        (edits(name, other), other) for other in known if abs(len(name) - len(other)) <= MOST_EDITS
    ]
    count, found = min(near, default=(MOST_EDITS + 1, None))
    return found if count <= MOST_EDITS else None


def edits(one: str, other: str) -> int:
    """The optimal string alignment distance of two short texts (Damerau and Levenshtein)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, against in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and against == one[i - 2]:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]
