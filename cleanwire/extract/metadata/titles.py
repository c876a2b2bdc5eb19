"""The headline of a page, from several witnesses.

Invariant: the title is the headline that the page shows above its story, without the site's name.
"""

import functools
import re
from collections.abc import Iterable

from cleanwire.extract.dom.text import squeezed

_SEPARATOR = re.compile(r"\s+[|\-–—·•»«:›/~]+\s+|\s*[|｜»«]\s*|\s+[-–—](?=\S)|:{2,}")
MAX_TITLE = 500


def choose_title(
    *,
    headline: str | None,
    social: str | None,
    headings: tuple[str, ...],
    document_title: str | None,
    site_names: Iterable[str | None] = (),
) -> str | None:
    """The headline of a page: a heading that another witness agrees with, else the best witness.

    Args:
        headline: the headline in schema.org data.
        social: the title for OpenGraph or a card.
        headings: the first-level headings, then some of the second level.
        document_title: the content of `<title>`.
        site_names: names and hosts of the site, which may be beside a title.

    Returns:
        None if no witness has a title.
    """
    sites = tuple(site_names)
    folded = {_folded(name) for name in sites if name}
    witnesses = [
        bare
        for text, guess in ((social, False), (headline, False), (document_title, True))
        if text
        and _folded(bare := without_site(text[:MAX_TITLE], sites, guess=guess)) not in folded
    ]
    others = [text for text in headings if len(text) <= MAX_TITLE and _folded(text) not in folded]
    agreed = _first_agreement(others, witnesses)
    if agreed:
        return _shorter(without_site(agreed[0], sites), agreed[1])
    if witnesses and (headline or social):
        return witnesses[0]
    own = [text for text in others if len(text.split()) > 2]  # noqa: PLR2004 - a word or two is a section
    if len(own) == 1:
        return without_site(own[0], sites)
    if witnesses:
        return witnesses[0]
    if others:
        return without_site(others[0], sites)
    return next((text[:MAX_TITLE] for text in (document_title, *headings) if text), None)


def _first_agreement(headings: list[str], witnesses: list[str]) -> tuple[str, str] | None:
    """The first heading that a witness agrees with, and the witness; None if there is none."""
    for witness in witnesses:
        for heading in headings:
            if _agree(heading, witness):
                return heading, witness
    return None


def _shorter(heading: str, witness: str) -> str:
    """A heading, or a witness that has only its end: the heading may begin with a kicker."""
    inside, outside = _folded(witness), _folded(heading)
    if inside != outside and outside.endswith(inside) and 2 * len(inside) > len(outside):
        return witness
    return heading


def without_site(title: str, site_names: Iterable[str | None], *, guess: bool = False) -> str:
    """A title without the site's name before or after it.

    Args:
        title: the title as the page has it.
        site_names: names and hosts of the site.
        guess: whether to remove a short last part even if it is no known name.
    """
    parts = [(found.start(), found.end()) for found in _SEPARATOR.finditer(title)]
    if not parts:
        return title
    known = {_folded(name) for name in site_names if name}
    hosts = {
        _folded(label) for name in site_names if name and "." in name for label in name.split(".")
    }
    known |= {label for label in hosts if len(label) > 3}  # noqa: PLR2004 - www, com, co
    first, last = parts[0], parts[-1]
    tail, head = title[last[1] :], title[: first[0]]
    if _is_site(tail, known) and title[: last[0]].strip():
        return without_site(squeezed(title[: last[0]]), site_names)
    if _is_site(head, known) and title[first[1] :].strip():
        return squeezed(title[first[1] :])
    body = title[: last[0]]
    if guess and len(tail.split()) <= 4 and len(body.split()) >= 2 * len(tail.split()):  # noqa: PLR2004 - a name's length
        return squeezed(body)
    return title


def _is_site(part: str, known: set[str]) -> bool:
    """Whether a part of a title is a known name of the site, or nearly."""
    folded = _folded(part)
    return bool(folded) and any(
        folded == name or (len(folded) > 4 and (folded in name or name in folded) and len(name) > 4)  # noqa: PLR2004 - short names occur in anything
        for name in known
    )


def _agree(one: str, other: str) -> bool:
    """Whether two titles are of the same story: one contains the other, or most words are equal."""
    folded, other_folded = _folded(one), _folded(other)
    if not folded or not other_folded:
        return False
    if folded in other_folded or other_folded in folded:
        return min(len(folded), len(other_folded)) > 8 or folded == other_folded  # noqa: PLR2004 - a short word occurs in anything
    words, other_words = set(one.casefold().split()), set(other.casefold().split())
    if len(words) <= 3:  # noqa: PLR2004 - a title of fewer words occurs in anything
        return False
    return 2 * len(words & other_words) >= 1.2 * min(len(words), len(other_words))


@functools.lru_cache(maxsize=256)
def _folded(text: str) -> str:
    """The letters and digits of a text, without case."""
    # Cached, because each witness is compared with each heading.
    return "".join(filter(str.isalnum, text.casefold()))
