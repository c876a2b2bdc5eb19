"""Names of months in every language of the CLDR, and dates that are written with one.

Invariant: a name that means two months (`listopada` is October in Croatian and November in
Polish) is read only where the language of the page is known. A day, a month and a year make a
date only side by side: a number that counts something else is no day.

`calendar.json` is made by `scripts/calendar_names.py`.
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
_DROPPED = frozenset(
    # Vowel and other signs that people leave out: Arabic, Hebrew, nuktas; joiners.
    [*range(0x591, 0x5C8), *range(0x64B, 0x656), 0x640, 0x93C, 0x9BC, 0x200C, 0x200D]
)
_STEM = 5
_INFLECTED = 6
_LONGEST = 24


def folded(name: str) -> str:
    """A name in lower case without accents, dots and doubled blanks."""
    name = name.casefold()
    if not name.isascii():
        name = "".join(
            letter
            for letter in unicodedata.normalize("NFKD", name)
            if ord(letter) not in _LATIN_MARKS and ord(letter) not in _DROPPED
        ).replace("ı", "i")
    return " ".join(name.replace(".", "").split())


def load() -> dict[str, Any]:
    """What `calendar.json` has."""
    found: dict[str, Any] = orjson.loads(
        importlib.resources.files(__package__).joinpath(FILE).read_bytes()
    )
    return found


CALENDAR = load()

# What the CLDR does not have: other abbreviations, spellings and cases that sites use.
_MORE = (
    ("jän", 1), ("febr", 2), ("mrz", 3), ("märz", 3), ("sept", 9), ("okt", 10), ("dez", 12),
    ("setiembre", 9), ("setbre", 9), ("studenog", 11), ("सितम्बर", 9), ("नवम्बर", 11),
    ("दिसम्बर", 12), ("ianuarie", 1), ("сент", 9), ("нояб", 11), ("февр", 2), ("юни", 6),
)  # fmt: skip

_NAMES: dict[str, int] = CALENDAR["months"]
for _name, _number in _MORE:
    _NAMES.setdefault(folded(_name), _number)
_BY_LANGUAGE: dict[str, dict[str, int]] = CALENDAR["by_language"]
_SAME = {"nb": "no", "iw": "he", "in": "id", "tl": "fil", "sh": "sr"}


def _stems() -> dict[str, int]:
    """The beginnings that only names of one month have."""
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
    """Names of several words by their first word, the longest first."""
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
    """The month that a word names; None if it names none, or more than one.

    Args:
        name: one word in any case, with or without accents and a dot.
        language: the page's primary subtag (BCP 47), where it is known.
        inflected: whether a word with the beginning of a name may be another case of it.
    """
    key = folded(name[:_LONGEST])
    if language:
        language = _SAME.get(language, language)
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
class Named:
    """A date with a named month in a text: its parts, and where it starts and ends."""

    year: int
    month: int
    day: int
    start: int
    end: int


_Part = tuple[str, int, int, int]
"""`n` a number, `y` a number of four digits, `m` a month, `f` a filler, `x` another word;
its value, start and end."""

_ORDERS = ("dmy", "mdy", "ymd", "ydm")


def named_date(text: str, language: str | None = None) -> Named | None:
    """The first day, month by name and year that stand side by side, in any order.

    Args:
        text: a line, its digits in ASCII.
        language: the page's primary subtag, where it is known.
    """
    parts = _parts(text, language)
    if not any(part[0] == "m" for part in parts):
        return None
    for place, part in enumerate(parts):
        if part[0] in ("n", "m", "y"):
            for order in _ORDERS:
                if order[0] == {"n": "d"}.get(part[0], part[0]):
                    found = _side_by_side(parts, place, order)
                    if found:
                        return found
    return None


def _parts(text: str, language: str | None) -> list[_Part]:
    """What the words and numbers of a text are to a date."""
    tokens = [(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]
    parts: list[_Part] = []
    place = 0
    while place < len(tokens):
        word, start, end = tokens[place]
        place += 1
        if word[0].isdigit():
            value = int(word) if len(word) <= 4 else 0  # noqa: PLR2004 - a year
            kind = "y" if len(word) == 4 else "n" if 1 <= value <= 31 else "x"  # noqa: PLR2004 - a day
            parts.append((kind, value, start, end))
            continue
        key = folded(word[:_LONGEST])
        phrase = _phrase(tokens, place - 1, key)
        if phrase:
            count, number = phrase
            place += count - 1
            parts.append(("m", number, start, tokens[place - 1][2]))
        elif key in _FILLERS:
            parts.append(("f", 0, start, end))
        else:
            number = month_of(word, language) or 0
            parts.append(("m" if number else "x", number, start, end))
    return parts


def _phrase(
    tokens: Sequence[tuple[str, int, int]], place: int, first: str
) -> tuple[int, int] | None:
    """How many words make up a name of several that starts here, and its month."""
    for words, number in _PHRASES.get(first, ()):
        here = tokens[place : place + len(words)]
        if tuple(folded(token[0]) for token in here) == words:
            return len(words), number
    return None


def _side_by_side(parts: Sequence[_Part], place: int, order: str) -> Named | None:
    values: dict[str, int] = {}
    at = place
    for kind in order:
        skipped = 0
        while at < len(parts) and skipped < _MOST_FILLERS and at > place:
            filler = parts[at][0] == "f"
            # A month may be named twice: in two calendars' words or two languages'.
            again = parts[at][0] == "m" and kind != "m" and parts[at][1] == values.get("m")
            if not filler and not again:
                break
            skipped += 1
            at += 1
        wanted = "n" if kind == "d" else kind
        if at >= len(parts) or parts[at][0] != wanted:
            return None
        values[kind] = parts[at][1]
        at += 1
    return Named(values["y"], values["m"], values["d"], parts[place][2], parts[at - 1][3])
