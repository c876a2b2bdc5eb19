"""The language of a text.

The rule here: the text is a better witness than the page's declaration, if it is long enough.
"""

import re

from resiliparse.parse.lang import detect_fast

LONG_ENOUGH = 200
"""Characters from which on detection beats the declaration."""

SURE = 380
"""Distance (resiliparse's out-of-place measure) above which nothing was recognised: on labelled
news pages right answers stay below it, wrong ones of sound text do not."""

KANA = 0.1
"""A larger share of kana is Japanese; detection takes some of it for Chinese."""

_SAMPLE = 4000
_SAME = {"nb": "no", "nn": "no", "iw": "he", "in": "id"}
_KANA = re.compile("[\u3040-\u30ff]")


def language_of(text: str, declared: str | None) -> str | None:
    """The primary language subtag (BCP 47) of a text, or what was declared for it."""
    if len(text) < LONG_ENOUGH and declared:
        return declared
    if len(_KANA.findall(text[:_SAMPLE])) > KANA * len(text[:_SAMPLE]):
        return "ja"
    detected, distance = detect_fast(text[:_SAMPLE])
    if detected == "unknown" or distance > SURE:
        return declared
    if declared and _SAME.get(declared, declared) == _SAME.get(detected, detected):
        return declared
    return str(detected)
