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
_PSEUDONYM = 4

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
_HANDLE = re.compile(r"\s@\w{1,40}|\s[-–—]\s[^;,&]{0,200}$|\(.{0,100}?\)")
_ADDRESS = ("http:", "https:", "www.", "@")
_NOBODY = (
    r"@|https?:|www\.|\.(?:com|org|net|de|fr)\b|\d|:|\b(?:staff|\w{0,30}admin\w?|administrator|"
    r"editor(?:s|ial)?|redaktion|redacci[oó]n|redazione|r[eé]daction|redação|redactie|redakcja|"
    r"редакция|team|desk|newsdesk|newsroom|correspondents?|reporters?|"
    r"contributors?|guest|unknown|anonymous|"
    r"webmaster|user|author|autor(?:en|es|i)?|writer|written|published|updated|posted|archives?|"
    r"profile|people|photo(?:s|graph(?:er)?)?|foto(?:s|graf)?|images?|more|mehr|minutes?|read|view|"
    r"date|copyright"
)
_NO_AUTHOR = re.compile(_NOBODY + r")\b", re.IGNORECASE)
_NO_PERSON = re.compile(
    _NOBODY + r"|agenc(?:y|e|ies)|agencia|press|news|nachrichten|associated|reuters|afp|dpa|"
    r"magazine|times|post|tv|radio|online|gmbh|inc|ltd|e\.v|stiftung|verlag)\b",
    re.IGNORECASE,
)


def names(
    bylines: Iterable[str],
    *,
    not_names: Iterable[str | None] = (),
    one_word: bool = False,
    organisations: bool = False,
) -> tuple[str, ...]:
    """The people that bylines name, in order, each once.

    Args:
        bylines: texts of one or several names.
        not_names: names of the site and its like.
        one_word: whether one capitalised word may be a name: where the page itself says so.
        organisations: whether an agency or a publisher may be an author.
    """
    excluded = {_folded(name) for name in not_names if name}
    found: dict[str, str] = {}
    for byline in bylines:
        text = _BY.sub("", squeezed(byline)[:_MAX_LENGTH])
        if text.lower().startswith(_ADDRESS):
            continue
        for part in _SPLIT.split(_HANDLE.sub("", text)):
            name = squeezed(_BY.sub("", part.strip(" \t.,:-–—()[]\"'")))
            key = _folded(name)
            if (
                key
                and key not in found
                and key not in excluded
                and _is_name(name, one_word=one_word, organisations=organisations)
            ):
                found[key] = name
    return tuple(found.values())[:MAX_AUTHORS]


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _is_name(name: str, *, one_word: bool, organisations: bool) -> bool:
    words = name.split()
    excluded = _NO_AUTHOR if organisations else _NO_PERSON
    if not 1 <= len(words) <= _NAME_WORDS or excluded.search(name):
        return False
    if name.isascii():
        # One word is a first name or a pseudonym at best, and a brand at worst.
        if len(words) == 1:
            return one_word and name.isalpha() and (name[:1].isupper() or len(name) >= _PSEUDONYM)
        return words[0][:1].isalpha() and (one_word or any(w[:1].isupper() for w in words))
    return len(name) > 1
