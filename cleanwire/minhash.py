"""Body text to signature: a bottom-k / FracMinHash sample of the text's shingle hashes.

A shingle is `SHINGLE` consecutive words; its hash is 64 bits. The sample holds every
hash below 2**64 / `SCALE` (FracMinHash: Irber et al. 2022, as genome search uses it),
and of a text too short for `FLOOR` of those the lowest `FLOOR` (bottom-k: Broder 1997).
One sample serves as index and as sketch: what two samples share below the smaller of
their two bounds is an unbiased sample of what the texts share.

The rule here: a signature is the same for ever, on every machine and Python, for one
`VERSION`. Whatever would change a value (words, hash, sample, packing) is a new version.

Words are runs of letters, digits and `_` after NFKC and full case folding, so that the
quotes, dashes and blanks that syndication changes vanish; `.` and `,` between digits
belong to the figure. In scripts that put no blanks between words every character is one.
"""

import base64
import binascii
import dataclasses
import hashlib
import struct
import unicodedata

import numpy as np
import numpy.typing as npt

VERSION = 1
SHINGLE = 3
SCALE = 8
FLOOR = 96
MAX_FIGURES = 32
"""At most so many distinct figures are kept: the lowest of their hashes."""

U64 = npt.NDArray[np.uint64]

_HEAD = struct.Struct(">BB8sIQ")
_MULTIPLIER = 0x9E3779B97F4A7C15
_INVERSE = pow(_MULTIPLIER, -1, 2**64)
_FULL = 2**64 - 1

_OTHER, _WORD, _DIGIT, _JOINER = range(4)


def _byte_classes() -> npt.NDArray[np.uint8]:
    table = np.full(256, _OTHER, np.uint8)
    for byte in b"abcdefghijklmnopqrstuvwxyz_":
        table[byte] = _WORD
    table[0x80:] = _WORD
    table[ord("0") : ord("9") + 1] = _DIGIT
    table[ord(".")] = table[ord(",")] = _JOINER
    return table


_CLASSES = _byte_classes()


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """A text as the index knows it.

    Attributes:
        digest: 8 bytes over the text's words in order; equal for equal texts once normalised.
        shingles: the number of distinct shingles.
        bound: every shingle hash up to and including it is in `sample`.
        sample: ascending distinct 64-bit shingle hashes.
        figures: ascending distinct 64-bit hashes of the words that hold a digit.
    """

    digest: bytes
    shingles: int
    bound: int
    sample: U64
    figures: U64

    def pack(self) -> str:
        """The signature as text: URL-safe base64 over a fixed big-endian layout.

        version (1 byte), number of figures (1), digest (8), shingles (4), bound (8), the
        figures (8 each), the sample (8 each).
        """
        head = _HEAD.pack(VERSION, len(self.figures), self.digest, self.shingles, self.bound)
        body = self.figures.astype(">u8").tobytes() + self.sample.astype(">u8").tobytes()
        return base64.urlsafe_b64encode(head + body).decode("ascii")

    @classmethod
    def unpack(cls, packed: str) -> "Signature":
        """The inverse of `pack`.

        Raises:
            ValueError: not a packed signature of this version.
        """
        try:
            data = base64.urlsafe_b64decode(packed)
            version, figures, digest, shingles, bound = _HEAD.unpack_from(data)
            hashes = np.frombuffer(data, ">u8", offset=_HEAD.size).astype(np.uint64)
        except (binascii.Error, struct.error, ValueError) as error:
            raise ValueError(f"not a packed signature: {error}") from None
        if version != VERSION:
            raise ValueError(f"signature version {version}, expected {VERSION}")
        return cls(digest, shingles, bound, hashes[figures:], hashes[:figures])


def signature(text: str) -> Signature:
    """The signature of a body text (any length; an empty text has no shingles)."""
    return sign(text)[0]


def sign(text: str) -> tuple[Signature, int]:
    """The signature of a body text, and how many words it saw in it."""
    words, figures = _word_hashes(_normalized(text))
    hashes = _distinct(_shingle_hashes(words))
    bound = _FULL // SCALE
    taken = int(np.searchsorted(hashes, np.uint64(bound), side="right"))
    if taken < FLOOR:
        taken = min(FLOOR, len(hashes))
        bound = _FULL if taken == len(hashes) else int(hashes[taken - 1])
    digest = hashlib.blake2b(words.astype(">u8").tobytes(), digest_size=8).digest()
    signed = Signature(
        digest, len(hashes), bound, hashes[:taken].copy(), _distinct(figures)[:MAX_FIGURES].copy()
    )
    return signed, len(words)


def _distinct(values: U64) -> U64:
    """The values in ascending order, each once; for so few of them ten times np.unique's speed."""
    values = np.sort(values)
    return values[firsts(values)]


def firsts(ordered: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Of values in order, which ones differ from the one before."""
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def _normalized(text: str) -> bytes:
    if text.isascii():
        return text.lower().encode("ascii")
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).encode("utf-8", "replace")


def _word_hashes(data: bytes) -> tuple[U64, U64]:
    """The hashes of the words in order, and of those that hold a digit.

    A word's hash is a polynomial over its bytes, from prefix sums over the whole text
    (Karp and Rabin 1987, modulo 2**64), and then mixed.
    """
    empty = np.empty(0, np.uint64)
    if not data:
        return empty, empty
    raw = np.frombuffer(data, np.uint8)
    classes = _CLASSES[raw]
    digit = classes == _DIGIT
    joins = classes == _JOINER
    joins[1:] &= digit[:-1]
    joins[:-1] &= digit[1:]
    joins[0] = joins[-1] = False
    inside = (classes == _WORD) | digit | joins
    alone = np.zeros(len(raw), np.bool_)
    if not data.isascii():
        _multibyte(raw, inside, alone)

    edges = np.empty(len(raw) + 1, np.bool_)
    edges[0], edges[-1] = inside[0], inside[-1]
    edges[1:-1] = inside[1:] != inside[:-1]
    # A character that is a word of its own starts one, and so does what follows it.
    starts_here = edges[:-1] & inside | alone
    after_alone = np.flatnonzero(alone)
    if len(after_alone):
        lengths = np.where(raw[after_alone] >= 0xF0, 4, 3)  # noqa: PLR2004 - UTF-8 lead bytes
        following = after_alone + lengths
        following = following[following < len(raw)]
        starts_here[following] |= inside[following]
    starts = np.flatnonzero(starts_here)
    if not len(starts):
        return empty, empty
    ends = np.empty(len(starts), np.intp)
    ends[:-1] = starts[1:]
    ends[-1] = len(raw)
    closes = np.flatnonzero(edges[1:] & inside) + 1
    position = np.searchsorted(closes, starts, side="right")
    np.minimum(ends, closes[position], out=ends)

    powers, inverses = _powers(len(raw))
    sums = np.zeros(len(raw) + 1, np.uint64)
    np.cumsum((raw.astype(np.uint64) + np.uint64(1)) * powers, out=sums[1:])
    hashes = _mix((sums[ends] - sums[starts]) * inverses[starts])

    digits = np.zeros(len(raw) + 1, np.intp)
    np.cumsum(digit, out=digits[1:])
    return hashes, hashes[digits[ends] > digits[starts]]


def _multibyte(
    raw: npt.NDArray[np.uint8], inside: npt.NDArray[np.bool_], alone: npt.NDArray[np.bool_]
) -> None:
    """Mark what is no letter beyond ASCII, and the characters that are words of their own."""
    second = np.zeros_like(raw)
    second[:-1] = raw[1:]
    marks = (raw == 0xC2) & (second != 0xAA) & (second != 0xB5) & (second != 0xBA)  # noqa: PLR2004
    lead = np.flatnonzero(marks)
    inside[lead] = inside[lead + 1] = False
    # U+2000-206F general punctuation, U+20A0-20CF currency, U+2190-2BFF symbols,
    # U+3000-303F CJK punctuation: separators all.
    symbols = (raw == 0xE2) & (  # noqa: PLR2004
        (second <= 0x81) | (second == 0x82) | ((second >= 0x86) & (second <= 0xAF))  # noqa: PLR2004
    )
    symbols |= (raw == 0xE3) & (second == 0x80)  # noqa: PLR2004
    lead = np.flatnonzero(symbols)
    inside[lead] = inside[lead + 1] = inside[lead + 2] = False
    if not (raw[raw >= 0xE0] != 0xE2).any():  # noqa: PLR2004 - no letter beyond U+07FF
        return
    # Kana, Han, Thai, Lao, Tibetan, Myanmar, Khmer, and the supplementary Han planes.
    alone |= (raw == 0xE3) & (second >= 0x81)  # noqa: PLR2004
    alone |= (raw >= 0xE4) & (raw <= 0xE9)  # noqa: PLR2004
    alone |= (raw == 0xE0) & (second >= 0xB8) & (second <= 0xBF)  # noqa: PLR2004
    alone |= (raw == 0xE1) & ((second <= 0x82) | (second == 0x9E) | (second == 0x9F))  # noqa: PLR2004
    alone |= (raw == 0xF0) & (second >= 0xA0) & (second <= 0xB3)  # noqa: PLR2004


_power_tables: tuple[U64, U64] = (np.ones(1, np.uint64), np.ones(1, np.uint64))


def _powers(length: int) -> tuple[U64, U64]:
    global _power_tables  # noqa: PLW0603 - a cache of constants that grows with the longest text
    if len(_power_tables[0]) < length:
        size = 1 << (length - 1).bit_length()
        tables = []
        for factor in (_MULTIPLIER, _INVERSE):
            table = np.full(size, factor, np.uint64)
            table[0] = 1
            tables.append(np.cumprod(table, dtype=np.uint64))
        _power_tables = (tables[0], tables[1])
    return _power_tables[0][:length], _power_tables[1][:length]


def _mix(values: U64) -> U64:
    """SplitMix64's finaliser (Steele et al. 2014): every input bit moves every output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: U64 = values ^ (values >> np.uint64(31))
    return mixed


def _shingle_hashes(words: U64) -> U64:
    """The hashes of all runs of `SHINGLE` words; a shorter text is one shingle."""
    if not len(words):
        return words
    width = min(SHINGLE, len(words))
    count = len(words) - width + 1
    total = np.zeros(count, np.uint64)
    for place in range(width):
        total = total * np.uint64(_MULTIPLIER) + words[place : place + count]
    return _mix(total)
