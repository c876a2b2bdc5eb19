"""Character classes for signatures: letter, separator, digit, numeral.

Invariant: the tables are the same on every machine. What a signature of one version reads from them
never changes.
"""

import unicodedata

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import inlined

SEPARATOR, LETTER, IDEOGRAPH, SYLLABLE, NOTHING, UNKNOWN = range(6)

FIRST, BEYOND, SHARP_S = 0x80, 0x800, 0xDF
"""The characters of two bytes in UTF-8 are `FIRST` to `BEYOND` - 1; `SHARP_S` is the one among them
that folds to two letters."""

_MARKS = (
    *(0xD7, 0xF7, *range(0x55A, 0x560), 0x589, 0x58A, 0x5BE, 0x5C0, 0x5C3, 0x5F3, 0x5F4),
    *(0x60C, 0x61B, 0x61F, *range(0x66A, 0x66E), 0x6D4),
)
"""Punctuation of Armenian, Hebrew and Arabic, and the two mathematical signs of Latin-1."""


def _characters() -> NDArray[np.uint16]:
    """A table over the characters of two bytes, from U+0080: their normalised and folded form.

    Returns:
        uint16, shape (BEYOND - FIRST,). 0 means that normalising needs more than the character, 1
        that the character separates words, 2 that it is skipped; any other value is the folded
        character.
    """
    table = np.zeros(BEYOND - FIRST, np.uint16)
    for point in range(FIRST, BEYOND):
        character = chr(point)
        folded = unicodedata.normalize("NFKC", character).casefold()
        if point < 0xC0 and character not in "\xaa\xb5\xba":
            # Signs of Latin-1 separate words, except those that stand for letters, with or without
            # blanks.
            table[point - FIRST] = folded == character or not folded.strip()
        elif (
            len(folded) == 1
            and 0xC0 <= ord(folded) < BEYOND
            and not unicodedata.combining(character)
        ):
            table[point - FIRST] = ord(folded)
    for point in _MARKS:
        table[point - FIRST] = 1
    table[0xAD - FIRST] = 2
    return table


CHARACTERS = _characters()

_ZEROS = (
    *(0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6),
    *(0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0),
    *(0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0),
    *(0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450),
    *(0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60),
    *(0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E950),
)
"""The zeros of all decimal digits (Nd) of Unicode 14 that NFKC leaves unchanged, ASCII's excepted.
Nine more digits follow each zero. The list is written out because later versions of Unicode have
more digits."""

_LAST_DIGIT = 0x1FFFF


def _digits() -> NDArray[np.uint8]:
    """A bit for each code point up to `_LAST_DIGIT`: whether it is a decimal digit."""
    table = np.zeros((_LAST_DIGIT + 1) // 8, np.uint8)
    for zero in _ZEROS:
        for point in range(zero, zero + 10):
            table[point >> 3] |= 1 << (point & 7)
    return table


_DIGITS = _digits()

_CLEAR = "〇二三四五六七八九廿卅壹贰貳叁參肆伍陆陸柒捌玖拾佰仟"
_UNCLEAR = "零一十百千万萬億亿兆两兩"
_NUMERALS = np.array(sorted(map(ord, _CLEAR + _UNCLEAR)), np.int64)
_VAGUE = np.array(sorted(map(ord, _UNCLEAR)), np.int64)
"""Numerals that seldom mean a figure when they stand alone."""


@inlined
def is_digit(point: int) -> bool:
    """Whether a code point is a decimal digit of a script other than Latin."""
    return point <= _LAST_DIGIT and (_DIGITS[point >> 3] >> (point & 7)) & 1 == 1


@inlined
def is_numeral(point: int) -> bool:
    """Whether a code point is a Han numeral."""
    at = np.searchsorted(_NUMERALS, point)
    return at < len(_NUMERALS) and _NUMERALS[at] == point


@inlined
def is_vague(point: int) -> bool:
    """Whether a Han numeral seldom means a figure when it stands alone."""
    at = np.searchsorted(_VAGUE, point)
    return at < len(_VAGUE) and _VAGUE[at] == point


@inlined
def point_of(lead: int, second: int, third: int, fourth: int) -> int:
    """The code point of three or four bytes of UTF-8; `fourth` is 0 if there are three."""
    # Plain numpy shifts a byte within its eight bits.
    one, two, three = np.int64(lead), np.int64(second), np.int64(third)
    if lead < 0xF0:
        return ((one & 0x0F) << 12) | ((two & 0x3F) << 6) | (three & 0x3F)
    high = ((one & 0x07) << 18) | ((two & 0x3F) << 12)
    return high | ((three & 0x3F) << 6) | (fourth & 0x3F)


@inlined
def kind_of(lead: int, second: int, third: int, normal: bool) -> int:
    """The class of a character of three or four bytes.

    Args:
        lead: the first byte of its UTF-8.
        second: the second byte.
        third: the third byte.
        normal: whether the text is normalised and folded. If not, the class is `UNKNOWN` for every
            character that normalising may change.
    """
    if lead == 0xE2 and (
        (second == 0x80 and 0x8B <= third <= 0x8F) or (second == 0x81 and third == 0xA0)
    ):
        return NOTHING  # joiners and direction marks
    if lead == 0xEF and second == 0xBB and third == 0xBF:  # a byte order mark
        return NOTHING
    if lead == 0xE2:  # U+2000 to U+2FFF
        if not normal:
            # Punctuation from U+2000 to U+2034 except U+2017 and U+2024, and the euro sign.
            plain = second == 0x80 and third <= 0xBA and third not in (0x97, 0xA4)
            # Arrows and operators without fractions, and the signs from U+2580 to U+27BF.
            signs = (second == 0x86 and third != 0x89) or 0x87 <= second <= 0x8B
            signs = signs or 0x96 <= second <= 0x9E
            if not (plain or signs or (second == 0x82 and third == 0xAC)):
                return UNKNOWN
        # General punctuation, currency signs, and the symbols from U+2180 to U+2BFF.
        if second <= 0x82 or 0x86 <= second <= 0xAF:
            return SEPARATOR
        return LETTER
    if lead == 0xF0 and second == 0x9F and 0x8C <= third <= 0xAB:  # emoji
        return LETTER
    if lead == 0xEF and second == 0xB8 and third in (0x8E, 0x8F):  # variation selectors of emoji
        return LETTER
    if not normal:
        return UNKNOWN
    if lead == 0xE3:  # CJK punctuation; kana and Han
        dot = second == 0x83 and third == 0xBB
        return SEPARATOR if second == 0x80 or dot else IDEOGRAPH
    if lead == 0xE0 and second == 0xA5 and third in (0xA4, 0xA5):  # danda
        return SEPARATOR
    if 0xE4 <= lead <= 0xE9 or (lead == 0xF0 and 0xA0 <= second <= 0xB3):  # Han
        return IDEOGRAPH
    if lead == 0xE0 and 0xB8 <= second <= 0xBF:  # Thai, Lao, Tibetan
        return SYLLABLE
    if lead == 0xE1 and (second <= 0x82 or second in (0x9E, 0x9F)):  # Myanmar, Khmer
        return SYLLABLE
    return LETTER
