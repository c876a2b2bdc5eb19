"""Names of months in every language of the CLDR, and dates that have the month by name.

Invariant: a name that means two months (`listopada` is October in Croatian and November in Polish)
is read only if the language of the page is known. A day, a month and a year make a date only side
by side, because a number elsewhere in the text counts something else.

`scripts/calendar_names.py` makes `calendar.json`.
"""

import dataclasses
import importlib.resources
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson

FILE = "calendar.json"

_LATIN_MARKS = range(0x300, 0x370)
_LEFT_OUT = frozenset(
    # Signs that people leave out: vowels of Arabic and Hebrew, nuktas, joiners.
    [*range(0x591, 0x5C8), *range(0x64B, 0x656), 0x640, 0x93C, 0x9BC, 0x200C, 0x200D]
)
_STEM = 5
_INFLECTED = 6
_LONGEST = 24


def folded(name: str) -> str:
    """A name in lower case, without accents and dots, and with single blanks."""
    name = name.casefold()
    if not name.isascii():
        name = "".join(
            letter
            for letter in unicodedata.normalize("NFKD", name)
            if ord(letter) not in _LATIN_MARKS and ord(letter) not in _LEFT_OUT
        ).replace("ı", "i")
    return " ".join(name.replace(".", "").split())


def load() -> dict[str, Any]:
    """The content of `calendar.json`."""
    found: dict[str, Any] = orjson.loads(
        importlib.resources.files(__package__).joinpath(FILE).read_bytes()
    )
    return found


CALENDAR = load()

# Abbreviations, spellings and cases that sites use and the CLDR does not have.
_ALSO = (
    ("jän", 1), ("febr", 2), ("mrz", 3), ("märz", 3), ("sept", 9), ("okt", 10), ("dez", 12),
    ("setiembre", 9), ("setbre", 9), ("studenog", 11), ("सितम्बर", 9), ("नवम्बर", 11),
    ("दिसम्बर", 12), ("ianuarie", 1), ("сент", 9), ("нояб", 11), ("февр", 2), ("юни", 6),
)  # fmt: skip

_NAMES: dict[str, int] = CALENDAR["months"]
for _name, _number in _ALSO:
    _NAMES.setdefault(folded(_name), _number)
_BY_LANGUAGE: dict[str, dict[str, int]] = CALENDAR["by_language"]
_SAME_LANGUAGE = {"nb": "no", "iw": "he", "in": "id", "tl": "fil", "sh": "sr"}


def _stems() -> dict[str, int]:
    """The beginnings of names (`_STEM` letters) that mean only one month, and the month."""
    ambiguous = [name for names in _BY_LANGUAGE.values() for name in names]
    found: dict[str, set[int]] = defaultdict(set)
    for name, number in _NAMES.items():
        found[name[:_STEM]].add(number)
    for name in ambiguous:
        found[name[:_STEM]].add(0)
    return {
        stem: min(numbers)
        for stem, numbers in found.items()
        if len(numbers) == 1 and len(stem) == _STEM and " " not in stem
    }


_STEMS = _stems()

_TOKEN = re.compile(r"\d+|[^\W\d_][^\s\d,;:!?/|()\[\]<>\"“”„«»…·•~–—،؛，。、：；（）_-]*")
_FILLERS = frozenset(
    folded(word)
    for word in (
        "a an ci d da dan de del della den der di e er g gada gads gadā ghe ii il ji ka ko koji l "
        "la le lá m n nd ng o of oy re rd s sa st sz ta th the ú ye yil yili của năm ngày º ª ός η "
        "г год года г р рік року жылы жыл ж оны он í من شهر عام سنة م سال ماه ም ዓም "
        "วันที่ เดือน พศ คศ ปี ថ្ងៃទី ខែ ឆ្នាំ ວັນທີ ເດືອນ ປີ ရက် ခုနှစ် を"
    ).split()
)
_MOST_FILLERS = 2


def _phrases() -> dict[str, list[tuple[tuple[str, ...], int]]]:
    """The names of months that have several words, by their first word, the longest first."""
    found: dict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
    for name, number in _NAMES.items():
        words = tuple(_TOKEN.findall(name))
        if len(words) > 1:
            found[words[0]].append((words, number))
    for phrases in found.values():
        phrases.sort(key=lambda phrase: -len(phrase[0]))
    return dict(found)


_PHRASES = _phrases()


def month_of(name: str, language: str | None = None, *, inflected: bool = True) -> int | None:
    """The month that a word names, 1 to 12; None if it names none, or more than one.

    Args:
        name: one word in any case, with or without accents and a dot.
        language: the primary subtag (BCP 47) of the page, if it is known.
        inflected: whether a word that begins like a name may be an inflected form of it.
    """
    key = folded(name[:_LONGEST])
    if language:
        language = _SAME_LANGUAGE.get(language, language)
        known = _BY_LANGUAGE.get(language)
        if known and key in known:
            return known[key]
    number = _NAMES.get(key)
    if number is not None or len(key) < 3:  # noqa: PLR2004 - the shortest names are listed
        return number
    for mark in "'’":
        if mark in key:
            before, _, after = key.partition(mark)
            return _NAMES.get(after) or _NAMES.get(before) or _NAMES.get(key.replace(mark, ""))
    if key[0] == "ב":
        return _NAMES.get(key[1:])
    return _STEMS.get(key[:_STEM]) if inflected and len(key) >= _INFLECTED else None


@dataclasses.dataclass(frozen=True, slots=True)
class NamedDate:
    """A date in a text that has its month by name, and the positions of its start and its end."""

    year: int
    month: int
    day: int
    start: int
    end: int


_Part = tuple[str, int, int, int]
"""The kind of a token, its value, and the positions of its start and end. The kinds: `n` a number
that may be a day, `y` a number of four digits, `m` a month, `f` a filler, `x` anything else."""

_ORDERS = ("dmy", "mdy", "ymd", "ydm")


def named_date(text: str, language: str | None = None) -> NamedDate | None:
    """The first date in a text that has its month by name, in any order of its parts.

    Args:
        text: a line with its digits in ASCII.
        language: the primary subtag (BCP 47) of the page, if it is known.
    """
    parts = _parts(text, language)
    if not any(part[0] == "m" for part in parts):
        return None
    for position, part in enumerate(parts):
        if part[0] in ("n", "m", "y"):
            for order in _ORDERS:
                if order[0] == {"n": "d"}.get(part[0], part[0]):
                    found = _side_by_side(parts, position, order)
                    if found:
                        return found
    return None


def _parts(text: str, language: str | None) -> list[_Part]:
    """The words and numbers of a text, each with the kind of part that it can be of a date."""
    tokens = [(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]
    parts: list[_Part] = []
    position = 0
    while position < len(tokens):
        word, start, end = tokens[position]
        position += 1
        if word[0].isdigit():
            # A superscript is a digit, but no number.
            value = int(word) if len(word) <= 4 and word.isdecimal() else 0  # noqa: PLR2004 - a year
            kind = "y" if len(word) == 4 else "n" if 1 <= value <= 31 else "x"  # noqa: PLR2004 - a day
            parts.append((kind, value, start, end))
            continue
        key = folded(word[:_LONGEST])
        phrase = _phrase(tokens, position - 1, key)
        if phrase:
            count, number = phrase
            position += count - 1
            parts.append(("m", number, start, tokens[position - 1][2]))
        elif key in _FILLERS:
            parts.append(("f", 0, start, end))
        else:
            number = month_of(word, language) or 0
            parts.append(("m" if number else "x", number, start, end))
    return parts


def _phrase(
    tokens: Sequence[tuple[str, int, int]], position: int, first: str
) -> tuple[int, int] | None:
    """The number of words of the name that starts at a token, and its month; None without one."""
    for words, number in _PHRASES.get(first, ()):
        here = tokens[position : position + len(words)]
        if tuple(folded(token[0]) for token in here) == words:
            return len(words), number
    return None


def _side_by_side(parts: Sequence[_Part], position: int, order: str) -> NamedDate | None:
    """The date whose parts begin at a position and are in this order, with only fillers between."""
    values: dict[str, int] = {}
    at = position
    for kind in order:
        skipped = 0
        while at < len(parts) and skipped < _MOST_FILLERS and at > position:
            filler = parts[at][0] == "f"
            # A month may be named twice, in the words of two calendars or two languages.
            repeated = parts[at][0] == "m" and kind != "m" and parts[at][1] == values.get("m")
            if not filler and not repeated:
                break
            skipped += 1
            at += 1
        wanted = "n" if kind == "d" else kind
        if at >= len(parts) or parts[at][0] != wanted:
            return None
        values[kind] = parts[at][1]
        at += 1
    return NamedDate(values["y"], values["m"], values["d"], parts[position][2], parts[at - 1][3])
