"""Bylines in Chinese, Japanese and Korean -> names.

Invariant: a name is found only beside a word for the role of a writer, and ends at the next mark.
Blanks do not help, because these scripts have none around a name. Other roles (an editor on duty, a
translator, a photographer) name no author.
"""

import re

from cleanwire.extract.vocabulary import alternation, words

_HAN = "\u3400-\u4dbf\u4e00-\u9fff々"
_KANA = "\u3040-\u30ff"
_EASTERN = re.compile(f"[{_HAN}{_KANA}\uac00-\ud7af]")

_MARK = r"\s{0,2}[:：/／|｜=＝●■▪]\s{0,2}"
_ROLES = alternation("eastern_roles")
_OTHER_ROLES = alternation("eastern_other_roles")
_REPORTERS = alternation("eastern_reporters")
_NAME = f"[{_HAN}{_KANA}ー・·‧]{{2,16}}"
_BETWEEN = rf"(?:\s{{0,2}}(?:[、,，;；&＆]|{alternation('eastern_join')})\s{{0,2}}|\s{{1,3}})"
_LIST = rf"{_NAME}(?:{_BETWEEN}{_NAME}){{0,9}}"
_LABELLED = re.compile(rf"(?:^|[\s（(【〔\[|｜、，,]|(?<=[{_HAN}]))(?:{_ROLES}){_MARK}({_LIST})")
_SPACED = re.compile(
    rf"(?:^|[\s（(【〔\[|｜])[{_HAN}]{{0,6}}(?:{alternation('eastern_roles_spaced')})"
    rf"\s{{1,3}}({_LIST})"
)
_WITHOUT_MARK = re.compile(
    rf"(?:^|[（(【〔\[])(?:{alternation('eastern_reporter_prefixes')})?[{_HAN}]{{0,4}}?"
    rf"(?:{_REPORTERS})([{_HAN}]{{2,4}})(?=$|[／/）)】〕\]|｜])"
)
_BEFORE_TITLE = re.compile(
    rf"^([{_HAN}{_KANA}]{{2,8}})(?:{alternation('eastern_reporters', 'eastern_titles_behind')})$"
)
_OTHER_ROLE = re.compile(rf"(?:{_OTHER_ROLES})(?:{_MARK}|\s|$)")
_OTHER_ROLE_WITHIN = re.compile(rf"\s(?:{_OTHER_ROLES})(?:{_MARK}|\s|$)")
_BETWEEN_NAMES = re.compile(_BETWEEN)
_NO_NAME = re.compile(
    "|".join(
        re.escape(word) if len(word) > 1 else f"^{re.escape(word)}$"
        for word in words("eastern_other_roles", "eastern_roles", "eastern_no_name")
    )
)
"""Words of which a name has none; a role of one character may be part of a name: 文, 訳."""

_CHINESE_SURNAME = re.compile(alternation("eastern_surnames"))

_KOREAN = "[가-힣]"
_KOREAN_ROLE = alternation("korean_roles")
_KOREAN_LIST = rf"{_KOREAN}{{2,4}}(?:\s{{0,2}}[·ㆍ,、/]\s{{0,2}}{_KOREAN}{{2,4}}){{0,9}}"
_BEFORE_ROLE = re.compile(
    rf"(?<!{_KOREAN})({_KOREAN_LIST})\s{{0,2}}(?:{_KOREAN_ROLE})(?!{_KOREAN})"
)
_AFTER_ROLE = re.compile(
    rf"(?<!{_KOREAN})(?:{alternation('korean_labels', 'korean_roles')})(?:{_MARK}|\s)"
    rf"({_KOREAN_LIST})(?!{_KOREAN})"
)
_KOREAN_MARK = re.compile(r"\s{0,2}[·ㆍ,、/]\s{0,2}")
_KOREAN_NO_NAME = frozenset(words("korean_no_name"))


def has_eastern_script(text: str) -> bool:
    """Whether a text has a Chinese, Japanese or Korean character."""
    return not text.isascii() and _EASTERN.search(text) is not None


def eastern_names(text: str) -> tuple[str, ...]:
    """The names in a byline in these scripts; none if the text is no such byline."""
    for pattern in (_LABELLED, _SPACED, _WITHOUT_MARK, _BEFORE_TITLE):
        if found := pattern.search(text):
            names = tuple(_cut_at_others(_BETWEEN_NAMES.split(found[1])))
            if names:
                return names
    korean: list[str] = []
    for pattern in (_BEFORE_ROLE, _AFTER_ROLE):
        for match in pattern.finditer(text):
            korean += [name for name in _KOREAN_MARK.split(match[1]) if name not in _KOREAN_NO_NAME]
        if korean:
            return tuple(dict.fromkeys(korean))
    return ()


def begins_with_other_role(text: str) -> bool:
    """Whether a text begins with a role that is no writer's, such as an editor on duty."""
    return _OTHER_ROLE.match(text) is not None or _NO_NAME.fullmatch(text) is not None


def up_to_other_role(text: str) -> str:
    """A text up to a role that is no writer's, if a label and a Latin name are before it."""
    found = _OTHER_ROLE_WITHIN.search(text)
    if found and any(letter.isascii() and letter.isalpha() for letter in text[: found.start()]):
        return text[: found.start()]
    return text


def has_role(text: str) -> bool:
    """Whether a text has a word for a role or of the interface, so that it is no name."""
    return _NO_NAME.search(text) is not None


def _cut_at_others(parts: list[str]) -> list[str]:
    """The names up to the first part that is none; two short Japanese parts are one name."""
    names: list[str] = []
    for part in parts:
        if _NO_NAME.search(part):
            break
        if part:
            names.append(part)
    if len(names) == 2 and all(len(name) <= 2 for name in names) and len("".join(names)) <= 4:  # noqa: PLR2004 - a Japanese family and first name
        family, first = names
        return [f"{family} {first}"] if not _looks_chinese(family) else names
    return names


def _looks_chinese(name: str) -> bool:
    """Whether a name of two characters begins with one of the commonest Chinese family names."""
    return _CHINESE_SURNAME.match(name) is not None
