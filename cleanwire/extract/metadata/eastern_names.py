"""Bylines in Chinese, Japanese and Korean.

Invariant: these scripts write no blank around a name, so a name is what stands between a
word for its role and the next mark. A role that is no writer's (an editor on duty, a translator,
a photographer) names no author.
"""

import re

from cleanwire.extract.vocabulary import alternation, words

_HAN = "\u3400-\u4dbf\u4e00-\u9fff々"
_KANA = "\u3040-\u30ff"
_EAST = re.compile(f"[{_HAN}{_KANA}\uac00-\ud7af]")

_MARK = r"\s{0,2}[:：/／|｜=＝●■▪]\s{0,2}"
_ROLES = alternation("eastern_roles")
_OTHERS = alternation("eastern_other_roles")
_REPORTERS = alternation("eastern_reporters")
_NAME = f"[{_HAN}{_KANA}ー・·‧]{{2,16}}"
_BETWEEN = rf"(?:\s{{0,2}}(?:[、,，;；&＆]|{alternation('eastern_join')})\s{{0,2}}|\s{{1,3}})"
_LIST = rf"{_NAME}(?:{_BETWEEN}{_NAME}){{0,9}}"
_LABELLED = re.compile(rf"(?:^|[\s（(【〔\[|｜、，,]|(?<=[{_HAN}]))(?:{_ROLES}){_MARK}({_LIST})")
_SPACED = re.compile(
    rf"(?:^|[\s（(【〔\[|｜])[{_HAN}]{{0,6}}(?:{alternation('eastern_roles_spaced')})"
    rf"\s{{1,3}}({_LIST})"
)
_CLOSED = re.compile(
    rf"(?:^|[（(【〔\[])(?:{alternation('eastern_reporter_prefixes')})?[{_HAN}]{{0,4}}?"
    rf"(?:{_REPORTERS})([{_HAN}]{{2,4}})(?=$|[／/）)】〕\]|｜])"
)
_BEHIND = re.compile(
    rf"^([{_HAN}{_KANA}]{{2,8}})(?:{alternation('eastern_reporters', 'eastern_titles_behind')})$"
)
_OTHER = re.compile(rf"(?:{_OTHERS})(?:{_MARK}|\s|$)")
_APART = re.compile(_BETWEEN)
_NO_NAME = re.compile(alternation("eastern_other_roles", "eastern_roles", "eastern_no_name"))
_CHINESE = re.compile(alternation("eastern_surnames"))

_KOREAN = "[가-힣]"
_REPORTER = alternation("korean_roles")
_KOREAN_LIST = rf"{_KOREAN}{{2,4}}(?:\s{{0,2}}[·ㆍ,、/]\s{{0,2}}{_KOREAN}{{2,4}}){{0,9}}"
_BEFORE_ROLE = re.compile(rf"(?<!{_KOREAN})({_KOREAN_LIST})\s{{0,2}}(?:{_REPORTER})(?!{_KOREAN})")
_BEHIND_ROLE = re.compile(
    rf"(?<!{_KOREAN})(?:{alternation('korean_labels', 'korean_roles')})(?:{_MARK}|\s)"
    rf"({_KOREAN_LIST})(?!{_KOREAN})"
)
_KOREAN_MARK = re.compile(r"\s{0,2}[·ㆍ,、/]\s{0,2}")
_KOREAN_NONE = frozenset(words("korean_no_name"))


def has_east(text: str) -> bool:
    """Whether a text has a character of these scripts."""
    return not text.isascii() and _EAST.search(text) is not None


def eastern_names(text: str) -> tuple[str, ...]:
    """The names that a byline in these scripts gives; none if it is no such byline."""
    for pattern in (_LABELLED, _SPACED, _CLOSED, _BEHIND):
        if found := pattern.search(text):
            names = tuple(_cut_at_others(_APART.split(found[1])))
            if names:
                return names
    korean: list[str] = []
    for pattern in (_BEFORE_ROLE, _BEHIND_ROLE):
        for match in pattern.finditer(text):
            korean += [name for name in _KOREAN_MARK.split(match[1]) if name not in _KOREAN_NONE]
        if korean:
            return tuple(dict.fromkeys(korean))
    return ()


def is_no_author(text: str) -> bool:
    """Whether a text begins with a role that is no writer's: an editor on duty."""
    return _OTHER.match(text) is not None or _NO_NAME.fullmatch(text) is not None


def says_a_role(text: str) -> bool:
    """Whether a word in a text is one of a role or of the interface, and so is no name."""
    return _NO_NAME.search(text) is not None


def _cut_at_others(parts: list[str]) -> list[str]:
    """The names up to the first word that is none."""
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
    return _CHINESE.match(name) is not None
