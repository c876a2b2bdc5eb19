"""Bylines -> names of people.

Invariant: no name is better than a wrong one. A desk, a role, a handle, an address, a word of the
interface and the site itself are no person. A text that the page gives as one person is one author.
A desk that is somebody's, and a pseudonym, are given only if they are asked for.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.authors.eastern_names import (
    begins_with_other_role,
    eastern_names,
    has_eastern_script,
    has_role,
    up_to_other_role,
)
from cleanwire.extract.vocabulary import alternation, by_language, words

MAX_AUTHORS = 20
_MAX_LENGTH = 200
_NAME_WORDS = 6
"""The most words of a name."""

_PSEUDONYM_LENGTH = 4
"""The fewest characters of a name of one word in lower case."""

_PAIR = 2
"""The number of words of a usual name: a first and a family name."""

_ACRONYM_LENGTH = 5
"""The most letters of an acronym: a word in capitals that is an organisation, not a person."""


def labelled_pattern() -> re.Pattern[str]:
    """An expression for a label before the names: `Written by`, `Author:`."""
    written = alternation("written", "written_in_elements")
    by = alternation("by", "by_in_elements")
    labels = alternation("author_labels", "author_labels_in_elements", "author_labels_unspaced")
    return re.compile(
        rf"^(?:(?:{written})\s{{1,3}}(?:{by})\s{{0,2}}[:：]?\s{{1,3}}"
        rf"|(?:{labels})(?:\s{{0,2}}[:：]\s{{0,3}}|\s{{1,3}}))",
        re.IGNORECASE,
    )


def by_pattern() -> re.Pattern[str]:
    """An expression for the word `by` before the names, with or without a colon."""
    return re.compile(
        rf"^({alternation('by', 'by_in_elements')})(\s{{0,2}}[:：])?\s{{1,3}}(?=\S)", re.IGNORECASE
    )


def languages_of_by() -> dict[str, set[str]]:
    """For each word that means `by` the languages in which it does; elsewhere it may be a name.

    The English word is left out, because sites of all languages use it and few people have it in
    their name.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for category in ("by", "by_in_elements"):
        for language, entries in by_language(category).items():
            for word in entries if language != "en" else ():
                found[word].add(language)
    return dict(found)


def split_pattern() -> re.Pattern[str]:
    """An expression for words and marks that join two names."""
    joins = alternation("join", "join_inside", "with")
    return re.compile(rf"\s{{1,3}}(?:{joins}|[&+])\s{{1,3}}|[;|/、，•]|\s·|·\s", re.IGNORECASE)


_LABELLED = labelled_pattern()
_VERBS = frozenset(words("written", "written_in_elements"))
_BY = by_pattern()
_LANGUAGES_OF_BY = languages_of_by()
_BY_OR_NAME = frozenset(words("by_or_name"))

_SPLIT = split_pattern()
_AND_OR_NAME = frozenset(words("join_or_name"))
"""Words that join two names, but also the two family names of one person: Ortega y Gasset."""

_COMMA = re.compile(r",\s{0,3}")
_CONJUNCTION = re.compile(rf"^(?:{alternation('join', 'join_or_name')}|&)\s{{1,3}}", re.IGNORECASE)
_HANDLE = re.compile(r"\s@\w{1,40}|\s[-–—]\s[^;,&]{0,200}$|\(.{0,100}?\)")
_ADDRESS = ("http:", "https:", "www.", "@")

_SUFFIXES = frozenset(words("name_suffixes"))
_ROLE = re.compile(rf"\b(?:{alternation('roles')})\b", re.IGNORECASE)
_EMPLOYER = re.compile(rf"\b(?:{alternation('employers')})\b", re.IGNORECASE)
_NOT_IN_A_NAME = r"@|https?:|www\.|\.(?:com|org|net|de|fr)\b|\d|:"
_NO_AUTHOR = re.compile(rf"{_NOT_IN_A_NAME}|\b(?:{alternation('no_author')})\b", re.IGNORECASE)
_NO_PERSON = re.compile(
    rf"{_NOT_IN_A_NAME}|\b(?:{alternation('no_author', 'no_person')})\b", re.IGNORECASE
)
_NO_AUTHOR_WORD = re.compile(rf"\b(?:{alternation('no_author')})\b", re.IGNORECASE)
_PSEUDONYM = re.compile(r"[a-zA-Z][\w.-]{1,29}(?<![.-])", re.ASCII)
_DESKS = frozenset(words("desks"))
_DESK_KINDS = frozenset(words("desk_kinds"))
_SERVICES = (
    "facebook twitter linkedin instagram whatsapp telegram pinterest reddit youtube tiktok bluesky "
    "threads"
).split()
"""Services whose names are in controls of every language."""

_INTERFACE = frozenset((*words("interface"), *_SERVICES))
_CONTROL_WORDS = 3
_BEFORE_EMPLOYER = re.compile(rf"\s(?:{alternation('beside')})\s")
_LOOSE_ENDS = frozenset(words("loose_ends"))
_MINUTES = frozenset(words("after_min"))
_WORD_NAMES = frozenset(words("word_or_name"))
_BEFORE_A_WORD = frozenset(words("before_word_or_name"))


def names(  # noqa: PLR0913 - each option says something else of the witness
    bylines: Iterable[str],
    *,
    not_names: Iterable[str | None] = (),
    one_word: bool = False,
    organisations: bool = False,
    pseudonyms: bool = False,
    single: bool = False,
    whole: Iterable[str | None] = (),
    language: str | None = None,
) -> tuple[str, ...]:
    """The people that bylines name, in order, each once.

    Args:
        bylines: texts that each have one or several names.
        not_names: texts that are no author, such as the names of the site.
        one_word: whether one word may be a name, because the page itself says that it is.
        organisations: whether an agency, a publisher or a desk with a name may be an author.
        pseudonyms: whether one word with digits and marks in it may be a name: `ada_q`.
        single: whether each text is one name in the page's data, without a word such as `by`.
        whole: names that are not taken apart, such as that of the site: `Tide & I`.
        language: the primary subtag (BCP 47) of the page, which tells `by` from a name.

    Returns:
        At most `MAX_AUTHORS` names.
    """
    excluded = {_folded(name) for name in not_names if name}
    entire = {_folded(name) for name in whole if name}
    found: dict[str, str] = {}
    for byline in bylines:
        text = squeezed(byline)[:_MAX_LENGTH]
        if not organisations:
            text = _BEFORE_EMPLOYER.split(text, maxsplit=1)[0]
        parts = (
            [text]
            if _folded(text) in entire
            else _possible_names(text, single=single, language=language)
        )
        for found_name in parts:
            is_desk = is_named_desk(found_name)
            name = found_name if is_desk else _without_role(found_name, excluded)
            key = _folded(name)
            if (
                key
                and key not in found
                and key not in excluded
                and (organisations or not is_desk)
                and (
                    is_desk
                    or _is_name(name, one_word=one_word, organisations=organisations)
                    or (pseudonyms and is_pseudonym(name))
                )
            ):
                found[key] = name
    return tuple(found.values())[:MAX_AUTHORS]


def is_role(text: str) -> bool:
    """Whether a text has a word for a role: `Staff Writer`."""
    return _ROLE.search(text) is not None


def is_named_desk(text: str) -> bool:
    """Whether a text is a desk or a team of somebody that it names: `Tidewater Team`."""
    words = text.split()
    rest = [
        word for word in words if word.lower() not in _DESKS and word.lower() not in _DESK_KINDS
    ]
    return (
        1 < len(words) <= _NAME_WORDS
        and any(word.lower() in _DESKS for word in words)
        and not any(is_role(word) for word in words if word.lower() not in _DESKS)
        and any(word[:1].isupper() for word in rest)
        and words[0].lower() not in _INTERFACE
        and not re.search(_NOT_IN_A_NAME, text)
    )


def is_pseudonym(text: str) -> bool:
    """Whether a text is one word that somebody may go by: `ada_q`, `quill99`, `AQ`."""
    return _PSEUDONYM.fullmatch(text) is not None and not (
        text.lower() in _INTERFACE | _DESKS | _DESK_KINDS
        or _NO_AUTHOR_WORD.search(text)
        or is_role(text)
    )


def is_control(text: str) -> bool:
    """Whether a short text is the label of a control: `Follow`, `Share this`."""
    words = text.lower().split()
    return 0 < len(words) <= _CONTROL_WORDS and words[0] in _INTERFACE


def is_by(word: str, language: str | None) -> bool:
    """Whether a word, in lower case, means `by` in a language."""
    return word not in _LANGUAGES_OF_BY or language in _LANGUAGES_OF_BY[word]


def _possible_names(text: str, *, single: bool, language: str | None) -> list[str]:
    """The parts of a byline that may be names, in order."""
    if has_eastern_script(text):
        if eastern := eastern_names(text):
            return list(eastern)
        if begins_with_other_role(text):
            return []
        text = up_to_other_role(text)
    text = _without_by(text, single=single, language=language)
    if text.lower().startswith(_ADDRESS):
        return []
    found: list[str] = []
    for part in _split(_HANDLE.sub("", text)):
        found += _split_at_commas(part, single=single)
    return [_without_by(_trimmed(name), single=single, language=language) for name in found]


def _trimmed(name: str) -> str:
    """A name without the marks, loose words and repetition around it."""
    name = squeezed(name.strip(" \t,:-–—()[]\"'©“”„«»"))
    words = name.split()
    while words and words[-1] in _LOOSE_ENDS:
        words.pop()
    half = len(words) // 2
    if half > 1 and words[:half] == words[half:]:
        # The page has the name twice: for the picture, and for the link.
        words = words[:half]
    name = " ".join(words)
    last = name.rpartition(" ")[2]
    # The dot of an initial or a suffix is part of the name.
    return name if last.replace(".", "").lower() in _SUFFIXES else name.strip(". ")


def _without_role(name: str, not_names: Collection[str]) -> str:
    """A name without the role, or the site, that follows it without a mark."""
    words = name.split()
    for at in range(_PAIR, len(words)):
        rest = " ".join(words[at:])
        if _folded(rest) in not_names or (
            is_role(words[at]) and not any(word.islower() for word in words[:at])
        ):
            return " ".join(words[:at])
    return name


def _split(text: str) -> list[str]:
    """The parts of a byline between the words and marks that join names."""
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


def _split_at_commas(part: str, *, single: bool) -> list[str]:
    """The names in a part, split at its commas.

    A suffix after a comma belongs to the name before it. A role or an employer is left out. `Doe,
    Jane` is one name if the part is `single`.
    """
    pieces = [_CONJUNCTION.sub("", piece) for piece in _COMMA.split(part.strip(" ,"))]
    if len(pieces) == 1:
        return pieces
    found: list[str] = []
    for piece in pieces:
        if found and _is_suffix(piece):
            found[-1] += f", {piece}"
        elif not found or not _is_role_or_employer(piece):
            found.append(piece)
    if single and len(found) == _PAIR:
        family, first = found[0].partition(",")[0].split(), found[1].split()
        if _is_family(family) and len(first) <= _PAIR + 1 and len(first) < len(family) + _PAIR + 1:
            return [" ".join([*first, *family])]
    return found


def _is_family(words: Sequence[str]) -> bool:
    """Whether the words before a comma are a family name: `Doe, Jane`, `van Dyke, Jane`."""
    if len(words) > 1 and all(word.islower() for word in words[:-1]):
        words = words[-1:]
    return len(words) == 1 and words[0][:1].isupper() and words[0].replace("-", "").isalpha()


def _is_suffix(piece: str) -> bool:
    """Whether a piece is a suffix of the name before it: `Jr.`, `MD`, `M.D. FACLM`."""
    words = piece.replace(".", "").replace("-", "").split()
    return 0 < len(words) <= 4 and all(  # noqa: PLR2004 - several degrees in a row
        word.lower() in _SUFFIXES and word[0].isupper() for word in words
    )


def _is_role_or_employer(piece: str) -> bool:
    """Whether a piece is the role or the employer of a person."""
    letters = piece.replace(".", "").replace(" ", "")
    return (
        _ROLE.search(piece) is not None
        or _EMPLOYER.search(piece) is not None
        or _NO_PERSON.search(piece) is not None
        or (letters.isascii() and letters.isupper() and 1 < len(letters) <= _ACRONYM_LENGTH)
    )


def _without_by(text: str, *, single: bool, language: str | None) -> str:
    """A byline without the word for `by` before it; a word that may be a name is kept."""
    if labelled := _LABELLED.match(text):
        return text[labelled.end() :]
    found = _BY.match(text)
    if not found:
        return text
    rest = text[found.end() :]
    word, alone = found[1].lower(), " " not in rest.strip()
    if found[2]:
        return rest
    if word not in _LANGUAGES_OF_BY:
        return text if single and alone else rest
    is_by_here = language in _LANGUAGES_OF_BY[word]
    if alone:
        return rest if not single and (is_by_here or found[1].islower()) else text
    is_likely_by = found[1].islower() or word not in _BY_OR_NAME
    return rest if is_by_here or is_likely_by or (language is None and not single) else text


def _folded(name: str) -> str:
    """The letters and digits of a name, without case."""
    return "".join(filter(str.isalnum, name.casefold()))


def _is_name(name: str, *, one_word: bool, organisations: bool) -> bool:  # noqa: PLR0911 - one reason after the other
    """Whether a part of a byline is a name."""
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
    if len(words) == 1 and name.lower() in _VERBS:
        return False
    if excluded.search(name) or _ROLE.search(name):
        return False
    if name.isascii():
        # One word may be a first name, a pseudonym or a brand.
        if len(words) == 1:
            acronym = name.isupper() and len(name) <= _ACRONYM_LENGTH and not organisations
            known = name[:1].isupper() or len(name) >= _PSEUDONYM_LENGTH
            known = known or (organisations and _NO_PERSON.search(name) is not None)
            return one_word and name.isalpha() and known and not acronym
        return words[0][:1].isalpha() and (one_word or any(w[:1].isupper() for w in words))
    return len(name) > 1 and not (has_eastern_script(name) and has_role(name))
