"""Bylines -> names of people.

Invariant: what is no name (a desk, a role, a handle, an address, a word of the interface, the
site itself) is left out; an empty answer is better than a wrong one. What a page gives as one
person is one author.
"""

import re
from collections.abc import Iterable, Sequence

from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.eastern_names import (
    eastern_names,
    has_east,
    is_no_author,
    says_a_role,
)

MAX_AUTHORS = 20
_MAX_LENGTH = 200
_NAME_WORDS = 6
_PSEUDONYM = 4
_PAIR = 2
_ACRONYM = 5

_VERB = (
    r"written|reported|story|text|words|posted|published|articles?|authored|created|veröffentlicht|"
    r"geschrieben|verfasst|erstellt|artikel|beitrag|publié|écrit|publicado|escrito|scritto|"
    r"pubblicato|geschreven"
)
_PREPOSITION = "by|von|par|por|di|da|door|av|af|przez"
_LABELLED = re.compile(
    rf"^(?:(?:{_VERB})\s{{1,3}}(?:{_PREPOSITION})\s{{0,2}}[:：]?\s{{1,3}}"
    r"|(?:authors?|autora?|auteure?|autore|текст|автор|авторы|yazan|作者|文|przygotował|tekst|"
    r"penulis|författare)"
    r"(?:\s{0,2}[:：]\s{0,3}|\s{1,3}))",
    re.IGNORECASE,
)
_VERB_ALONE = re.compile(_VERB, re.IGNORECASE)
_BY = re.compile(rf"^({_PREPOSITION})(\s{{0,2}}[:：])?\s{{1,3}}(?=\S)", re.IGNORECASE)
_BY_OF = {
    "von": {"de"}, "par": {"fr"}, "por": {"es", "pt", "gl", "ca"}, "di": {"it"}, "da": {"it", "pt"},
    "door": {"nl"}, "av": {"sv", "no", "nb", "nn"}, "af": {"da"}, "przez": {"pl"},
}  # fmt: skip
"""The languages in which a word is `by`; in all others it may be a name."""

_SPLIT = re.compile(
    r"\s{1,3}(?:and|und|et|en|og|och|и|та|ve|&|with|mit|avec|con)\s{1,3}|[;|/、，•]|\s·|·\s",
    re.IGNORECASE,
)
_AND_OR_NAME = frozenset({"y", "e", "i"})
"""They join two names, and the two family names of one person: Ortega y Gasset."""

_COMMA = re.compile(r",\s{0,3}")
_CONJUNCTION = re.compile(r"^(?:and|und|et|og|och|y|e|i|и|ve|&)\s{1,3}", re.IGNORECASE)
_HANDLE = re.compile(r"\s@\w{1,40}|\s[-–—]\s[^;,&]{0,200}$|\(.{0,100}?\)")
_ADDRESS = ("http:", "https:", "www.", "@")

_SUFFIX = re.compile(
    r"(?:jr|sr|ii|iii|iv|esq|md|phd|do|dds|dmd|dvm|jd|mba|mph|rn|np|pac|cfa|cpa|ma|ba|ms|msc|bsc|"
    r"mfa|"
    r"mpa|lcsw|lmft|facp|facs|facc|faclm|rd|rdn|ldn|psyd|edd|dphil|obe|mbe|cbe|qc|kc|frs|llm|"
    r"pharmd|dpt|"
    r"cfp|pmp|msw|msn|aprn|dnp|pe|cissp)",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(?:columnist|writers?|reporters?|correspondents?|editors?|editorial|journalists?|producer|"
    r"analyst|"
    r"strategist|economist|director|manager|professor|lecturer|(?:co-?)?founder|c[etf]o|president|"
    r"chairman|"
    r"chairwoman|officer|fellow|researcher|scientist|expertin|presenter|photographer|"
    r"photojournalist|critic|intern|"
    r"blogger|contributors?|contributing|freelancer?|staff|specialist|consultant|"
    r"redakteur(?:in)?|chefredakteur(?:in)?|korrespondent(?:in)?|reporterin|journalistin|autorin|"
    r"volontär(?:in)?|ressortleiter(?:in)?|kolumnist(?:in)?|mitarbeiter(?:in)?|"
    r"geschäftsführer(?:in)?|"
    r"rédact(?:eur|rice)|journaliste|correspondante?|periodista|redactora?|corresponsal|columnista|"
    r"giornalista|redattore|redattrice|inviato|inviata|jornalista|repórter|verslaggever|redacteur|"
    r"dziennikarz|dziennikarka|корреспондент|журналист|обозреватель|редактор|кореспондент|"
    r"журналіст|"
    r"muhabiri?|gazeteci|editörü?|toimittaja|toimittajat|journalisten|skribent)\b",
    re.IGNORECASE,
)
_EMPLOYER = re.compile(
    r"\b(?:journal|herald|courier|gazette|tribune|chronicle|observer|telegraph|mail|globe|review|"
    r"today|"
    r"weekly|daily|university|institute|college|school|cent(?:er|re)|foundation|bureau|department|"
    r"council|"
    r"group|company|corp|llc|media|network|broadcasting|wire|services?|association|society|"
    r"studios?|"
    r"ministry|bank|hospital|clinic|zeitung|anzeiger|kurier|blatt|rundschau|universität|diario|"
    r"giornale|"
    r"universit[éà]|universidad|paper|radio|television|entertainment|sports?|politics|business)\b",
    re.IGNORECASE,
)
_NOBODY = (
    r"@|https?:|www\.|\.(?:com|org|net|de|fr)\b|\d|:|\b(?:\w{0,30}admin\w?|administrator|"
    r"redaktion|redacci[oó]n|redazione|r[eé]daction|redação|redactie|redakcja|"
    r"редакция|team|desk|newsdesk|newsroom|unknown|anonymous|"
    r"webmaster|user|author|autor(?:en|es|i)?|written|published|updated?|posted|archives?|"
    r"profiles?|people|photo(?:s|graph(?:er)?)?|foto(?:s|graf)?|images?|mehr|minutes?|"
    r"date|copyright|follow|subscribe|comments?|kommentare?"
)
_NO_AUTHOR = re.compile(_NOBODY + r")\b", re.IGNORECASE)
_NO_PERSON = re.compile(
    _NOBODY + r"|agenc(?:y|e|ies)|agencia|press|news|nachrichten|associated|reuters|afp|dpa|"
    r"magazine|times|post|tv|radio|online|gmbh|inc|ltd|e\.v|stiftung|verlag|institute|university|"
    r"universität|organi[sz]ation|foundation|association|committee|ministry|company|network|society|studios)\b",
    re.IGNORECASE,
)
_INTERFACE = frozenset(
    (
        "follow share subscribe sign log read view see show load learn click listen watch print "
        "email "
        "e-mail save copy download comment reply like menu home search contact about continue open "
        "close skip next previous back more less translate report add join donate advertisement "
        "advertorial sponsored mins facebook twitter linkedin instagram whatsapp telegram "
        "pinterest "
        "reddit youtube tiktok bluesky threads guest login logout register bookmark edited "
        "reviewed "
        "teilen folgen drucken merken anmelden abonnieren impressum kontakt startseite übersicht "
        "weitere alle über wir gesponserte gesponsert anzeige zurück weiter lesen symbolbild "
        "partager suivre s'abonner commentaires lire voir publicité en compartir seguir leer ver "
        "comentarios publicidad condividi segui leggi commenta compartilhar compartilhe leia "
        "delen volg "
        "lees reageer udostępnij czytaj поделиться читать подписаться комментарии paylaş takip "
        "del følg "
        "dela följ läs les jaa must minute"
    ).split()
)
_CONTROL_WORDS = 3
_BESIDE = re.compile(r"\s(?:of|for|at|from|in|under|bei|für|pour|chez|para|on|For\sThe)\s")
_LOOSE = frozenset(
    "by von vom par por vor am in on at for of avant hace před temu il and und et from um om "
    "to".split()
)
_MINUTES = frozenset({"min", "read", "listen", "watch", "to", "ago"})
_WORD_NAMES = frozenset("more page read guest view by".split())
_BEFORE_A_WORD = frozenset(
    "a an the our this my your special must quick long home front main landing web author profile "
    "fan no "
    "any much and wedding huffington washington morning jerusalem saturday evening national new "
    "york "
    "yorkshire birmingham denver liverpool dominion blog huff facebook".split()
)


def names(  # noqa: PLR0913 - each tells something else of the witness
    bylines: Iterable[str],
    *,
    not_names: Iterable[str | None] = (),
    one_word: bool = False,
    organisations: bool = False,
    single: bool = False,
    language: str | None = None,
) -> tuple[str, ...]:
    """The people that bylines name, in order, each once.

    Args:
        bylines: texts of one or several names.
        not_names: names of the site and its like.
        one_word: whether one capitalised word may be a name: where the page itself says so.
        organisations: whether an agency or a publisher may be an author.
        single: whether the page gives each as a name, without a word before it.
        language: primary subtag of the page, which tells `by` from a name.
    """
    excluded = {_folded(name) for name in not_names if name}
    found: dict[str, str] = {}
    for byline in bylines:
        text = squeezed(byline)[:_MAX_LENGTH]
        if not organisations:
            text = _BESIDE.split(text, maxsplit=1)[0]
        for name in _named(text, single=single, language=language):
            key = _folded(name)
            if (
                key
                and key not in found
                and key not in excluded
                and _is_name(name, one_word=one_word, organisations=organisations)
            ):
                found[key] = name
    return tuple(found.values())[:MAX_AUTHORS]


def is_role(text: str) -> bool:
    """Whether a text says what somebody is: `Staff Writer`."""
    return _ROLE.search(text) is not None


def is_control(text: str) -> bool:
    """Whether a short text is a control of the page: `Follow`, `Share this`."""
    words = text.lower().split()
    return 0 < len(words) <= _CONTROL_WORDS and words[0] in _INTERFACE


def is_by(word: str, language: str | None) -> bool:
    """Whether a word (in lower case) is `by` in a language."""
    return word not in _BY_OF or language in _BY_OF[word]


def _named(text: str, *, single: bool, language: str | None) -> list[str]:
    """What a byline might name, in order."""
    if has_east(text):
        if eastern := eastern_names(text):
            return list(eastern)
        if is_no_author(text):
            return []
    text = _without_by(text, single=single, language=language)
    if text.lower().startswith(_ADDRESS):
        return []
    found: list[str] = []
    for part in _split(_HANDLE.sub("", text)):
        found += _by_comma(part, single=single)
    return [_without_by(_bare(name), single=single, language=language) for name in found]


def _bare(name: str) -> str:
    name = squeezed(name.strip(" \t,:-–—()[]\"'©“”„«»"))
    words = name.split()
    while words and words[-1] in _LOOSE:
        words.pop()
    half = len(words) // 2
    if half > 1 and words[:half] == words[half:]:
        # Once for the picture, once for the link.
        words = words[:half]
    name = " ".join(words)
    last = name.rpartition(" ")[2]
    # The dot of an initial or a suffix stays.
    return name if _SUFFIX.fullmatch(last.replace(".", "")) else name.strip(".")


def _split(text: str) -> list[str]:
    """The parts between words and marks that join names."""
    found: list[str] = []
    for part in _SPLIT.split(text):
        words = part.split()
        begin = 0
        for place, word in enumerate(words):
            behind = words[place + 1 :]
            joins = next((at for at, other in enumerate(behind) if other in _AND_OR_NAME), None)
            if (
                word in _AND_OR_NAME
                and place - begin >= _PAIR
                and len(behind[:joins]) >= _PAIR
                and not words[place - 1].endswith(",")
            ):
                found.append(" ".join(words[begin:place]))
                begin = place + 1
        found.append(" ".join(words[begin:]))
    return [part for part in found if part]


def _by_comma(part: str, *, single: bool) -> list[str]:
    """The names in a part by its commas: before a suffix, a role or an employer there is one."""
    pieces = [_CONJUNCTION.sub("", piece) for piece in _COMMA.split(part.strip(" ,"))]
    if len(pieces) == 1:
        return pieces
    found: list[str] = []
    for piece in pieces:
        if found and _is_suffix(piece):
            found[-1] += f", {piece}"
        elif not found or not _is_beside(piece):
            found.append(piece)
    if single and len(found) == _PAIR:
        family, first = found[0].partition(",")[0].split(), found[1].split()
        if _is_family(family) and len(first) <= _PAIR + 1 and len(first) < len(family) + _PAIR + 1:
            return [" ".join([*first, *family])]
    return found


def _is_family(words: Sequence[str]) -> bool:
    """Whether words before a comma are a family name alone: `Doe, Jane`, `van Dyke, Jane`."""
    if len(words) > 1 and all(word.islower() for word in words[:-1]):
        words = words[-1:]
    return len(words) == 1 and words[0][:1].isupper() and words[0].replace("-", "").isalpha()


def _is_suffix(piece: str) -> bool:
    """Whether a piece is a part of the name before it: `Jr.`, `MD`, `M.D. FACLM`."""
    words = piece.replace(".", "").replace("-", "").split()
    return 0 < len(words) <= 4 and all(  # noqa: PLR2004 - degrees behind each other
        _SUFFIX.fullmatch(word) and word[0].isupper() for word in words
    )


def _is_beside(piece: str) -> bool:
    """Whether a piece says what a person is or for whom they write."""
    letters = piece.replace(".", "").replace(" ", "")
    return (
        _ROLE.search(piece) is not None
        or _EMPLOYER.search(piece) is not None
        or _NO_PERSON.search(piece) is not None
        or (letters.isascii() and letters.isupper() and 1 < len(letters) <= _ACRONYM)
    )


def _without_by(text: str, *, single: bool, language: str | None) -> str:
    """A byline without the word for `by` before it; where that may be a name, it stays."""
    if labelled := _LABELLED.match(text):
        return text[labelled.end() :]
    found = _BY.match(text)
    if not found:
        return text
    rest = text[found.end() :]
    word, alone = found[1].lower(), " " not in rest.strip()
    if found[2]:
        return rest
    if word == "by":
        return text if single and alone else rest
    ours = language in _BY_OF[word]
    if alone:
        return rest if not single and (ours or found[1].islower()) else text
    maybe = found[1].islower() or word not in ("di", "da", "av", "af")
    return rest if ours or maybe or (language is None and not single) else text


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _is_name(name: str, *, one_word: bool, organisations: bool) -> bool:  # noqa: PLR0911 - one reason after the other
    words = name.split()
    if not 1 <= len(words) <= _NAME_WORDS:
        return False
    first, last = words[0].lower().strip(".,:!"), words[-1].lower()
    if first in _INTERFACE or (first == "min" and words[-1].lower() in _MINUTES):
        return False
    if len(words) > 1 and last in _WORD_NAMES:
        if first in _BEFORE_A_WORD:
            return False
        name = " ".join(words[:-1])
    elif last in _WORD_NAMES:
        return False
    excluded = _NO_AUTHOR if organisations else _NO_PERSON
    if len(words) == 1 and _VERB_ALONE.fullmatch(name):
        return False
    if excluded.search(name) or _ROLE.search(name):
        return False
    if name.isascii():
        # One word is a first name or a pseudonym at best, and a brand at worst.
        if len(words) == 1:
            acronym = name.isupper() and len(name) <= _ACRONYM and not organisations
            known = name[:1].isupper() or len(name) >= _PSEUDONYM
            return one_word and name.isalpha() and known and not acronym
        return words[0][:1].isalpha() and (one_word or any(w[:1].isupper() for w in words))
    return len(name) > 1 and not (has_east(name) and says_a_role(name))
