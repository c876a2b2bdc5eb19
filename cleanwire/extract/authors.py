"""Bylines -> names of people.

The rule here: what is no name (a desk, a handle, an address, the site itself) is left out;
an empty answer is better than a wrong one.
"""

import re
from collections.abc import Iterable

from cleanwire.extract.text import squeezed

MAX_AUTHORS = 20
_MAX_LENGTH = 200
_NAME_WORDS = 6

_BY = re.compile(
    r"^(?:(?:written|reported|story|text|words|posted|published|article|authored)\s{1,3})?"
    r"(?:by|von|par|por|di|da|door|av|af|autor|autora|author|auteur|autore|текст|автор|yazan|作者|文|"
    r"przez|przygotował|tekst)\s{0,2}[:：]?\s{1,3}|^(?:author|autor|auteur|автор|作者)s?\s?[:：]\s?",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"\s{1,3}(?:and|und|et|y|e|en|og|och|i|и|ve|&|with|mit|avec|con)\s{1,3}|[;|/、，•·]|,\s",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"@|https?:|www\.|\.(?:com|org|net|de|fr)\b|\d{3}|\b(?:staff|admin|administrator|editor(?:s|ial)?|"
    r"redaktion|redacci[oó]n|redazione|r[eé]daction|redação|redactie|redakcja|редакция|team|desk|"
    r"newsroom|agenc(?:y|e|ies)|agencia|correspondents?|reporters?|contributors?|press|news|"
    r"associated|reuters|afp|dpa|guest|unknown|anonymous|webmaster|user|author|writer|published|"
    r"updated|posted|minutes?|read|view|date|copyright|magazine|times|post|tv|radio|online)\b",
    re.IGNORECASE,
)


def names(bylines: Iterable[str], *, not_names: Iterable[str | None] = ()) -> tuple[str, ...]:
    """The people that bylines name, in order, each once.

    Args:
        bylines: texts of one or several names.
        not_names: names of the site and its like.
    """
    excluded = {_folded(name) for name in not_names if name}
    found: dict[str, str] = {}
    for byline in bylines:
        text = _BY.sub("", squeezed(byline)[:_MAX_LENGTH])
        for part in _SPLIT.split(text):
            name = squeezed(_BY.sub("", part.strip(" \t.,:-–—()[]\"'")))
            key = _folded(name)
            if key and key not in found and key not in excluded and _is_name(name):
                found[key] = name
    return tuple(found.values())[:MAX_AUTHORS]


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _is_name(name: str) -> bool:
    words = name.split()
    if not 1 <= len(words) <= _NAME_WORDS or _NO_NAME.search(name):
        return False
    if name.isascii():
        # One word is a first name at best, and a handle or a brand at worst.
        return len(words) > 1 and words[0][:1].isalpha() and any(w[:1].isupper() for w in words)
    return len(name) > 1
