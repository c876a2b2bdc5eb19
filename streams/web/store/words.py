"""The words of a text, for the full-text index and for a search in it.

Invariants:

- Any text is a valid search: every term is quoted, so FTS5 reads no operator in it.
- A text and a search are cut into words in the same way.

The index uses FTS5's `unicode61`. `bench/view_store.py --tokenizers` compares it with `trigram`,
which takes several times the bytes and the CPU. `unicode61` takes a run of Chinese or Thai for one
word, because these scripts write no blanks between words. So each of their characters is made a
word, and a search for several of them is a search for a phrase.
"""

import re

MOST_CHARACTERS = 400
"""Characters of a search that are read."""

MOST_TERMS = 16
"""Terms of a search that are read."""

# Thai and Lao, Myanmar, Khmer, kana, CJK ideographs, Hangul (whose words carry particles).
_ONE_BY_ONE = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')


def index_text(text: str | None) -> str:
    """A text as the full-text index gets it."""
    if not text or text.isascii():
        return text or ""
    return _ONE_BY_ONE.sub(r" \1 ", text)


def match_expression(search: str) -> str | None:
    """The FTS5 expression that finds the rows with all terms of a search.

    Args:
        search: words, "quoted phrases", and beginnings of words with a `*` at their end.

    Returns:
        The expression; None if the search has no term with a letter or a digit.
    """
    terms = []
    for phrase, word in _TERM.findall(clean(search)[:MOST_CHARACTERS]):
        text = index_text(phrase or word)
        if any(sign.isalnum() for sign in text):
            begins = " *" if word.endswith("*") else ""
            terms.append(f'"{text}"{begins}')
    return " AND ".join(terms[:MOST_TERMS]) or None


def clean(text: str) -> str:
    """A text that SQLite can take: valid UTF-8 without NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")
