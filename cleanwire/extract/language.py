"""The language of a text, detected or declared.

Invariant: the declaration is believed for short texts and unsure detections. Otherwise detection
from the text is believed.
"""

import re

from resiliparse.parse.lang import detect_fast

LONG_ENOUGH = 1000
"""Texts of at least this many characters are detected even if a language is declared. Of labelled
news pages, cut to this length, 3 in 100 are detected wrongly; cut to 300, 6 in 100."""

SURE = 380
"""The greatest distance (resiliparse's out-of-place measure) at which detection is believed rather
than a declaration. Right answers for sound texts of `LONG_ENOUGH` characters are below it."""

UNSURE = 760
"""A greater distance means that no language was recognised, even if none is declared."""

KANA = 0.1
"""A text with a larger share of kana is Japanese; detection takes some such texts for Chinese."""

_SAMPLE = 4000
_SAME = {"nb": "no", "nn": "no", "iw": "he", "in": "id"}
_KANA = re.compile("[\u3040-\u30ff]")


def language_of(text: str, declared: str | None) -> str | None:
    """The language of a text.

    Args:
        text: the text; its first 4,000 characters are looked at.
        declared: the primary subtag that the page declares, or None.

    Returns:
        The primary subtag (BCP 47): the detected one, else the declared one; None if there is none.
    """
    if len(text) < LONG_ENOUGH and declared:
        return declared
    if len(_KANA.findall(text[:_SAMPLE])) > KANA * len(text[:_SAMPLE]):
        return "ja"
    detected, distance = detect_fast(text[:_SAMPLE])
    if detected == "unknown" or distance > (SURE if declared else UNSURE):
        return declared
    if declared and _SAME.get(declared, declared) == _SAME.get(detected, detected):
        return declared
    return str(detected)
