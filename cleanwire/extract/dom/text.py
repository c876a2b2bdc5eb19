"""Text as it is given out: one line, single blanks, nothing that cannot be seen.

Invariant: squeezing twice changes nothing, and no visible character is lost.
"""

import re

# C0 and C1 controls, soft hyphen, zero-width and directional marks, BOM, lone surrogates.
# Zero-width joiners stay: Persian, Indic scripts and emoji spell with them.
UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def squeezed(text: str) -> str:
    """One line of single blanks, without what cannot be seen."""
    # What can be printed can be seen, and its only white space is the blank. Both are told fast.
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


def words_in(text: str) -> int:
    """About how many words: in scripts without blanks two characters make one."""
    if text.isascii():
        return text.count(" ") + bool(text)
    unspaced = len(_UNSPACED.findall(text))
    return text.count(" ") + bool(text) + unspaced // 2


ENDS = ".!?…。！？｡؟۔।॥։።"
CLOSERS = "\"'”’»›“‘)]}』」）］"


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does, in any script."""
    return text.rstrip(CLOSERS)[-1:] in ENDS if text else False
