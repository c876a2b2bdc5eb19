"""Cleans the white space of texts, counts their words, and tells whether they end a sentence.

Invariant: squeezing a text twice is the same as squeezing it once, and loses no visible character.
"""

import re

# C0 and C1 controls, soft hyphen, zero-width and directional marks, BOM, lone surrogates.
# Zero-width joiners are kept, because Persian, Indic scripts and emoji are spelled with them.
UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def squeezed(text: str) -> str:
    """A text as one line with single blanks and without invisible characters."""
    # A printable text has no invisible characters, and no white space but blanks. Both tests are
    # fast.
    if not text.isprintable():
        text = UNSEEN.sub("", text)
    elif "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    return " ".join(text.split())


UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
)
"""Scripts without blanks between words: Thai, Lao, Burmese, Khmer, kana, Han."""

_UNSPACED = re.compile("[" + "".join(f"{chr(a)}-{chr(z)}" for a, z in UNSPACED) + "]")


def unspaced_in(text: str) -> int:
    """How many characters of scripts without blanks a text has."""
    return 0 if text.isascii() else len(_UNSPACED.findall(text))


def words_in(text: str) -> int:
    """About how many words a text has; in scripts without blanks, two characters count as one."""
    if text.isascii():
        return text.count(" ") + bool(text)
    return text.count(" ") + bool(text) + unspaced_in(text) // 2


ENDS = ".!?…。！？｡؟۔।॥։።"
CLOSERS = "\"'”’»›“‘)]}』」）］"


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does in any script, before closing quotes or brackets."""
    return text.rstrip(CLOSERS)[-1:] in ENDS if text else False
