"""The words by which the extractor reads a page, of every language: `vocabulary.json`.

Invariants:

- The words that tell who wrote a page and when, where its comments are and whether it is an
  error stand in the file and in no module. The modules build their expressions and sets from it,
  so a new language is a change of the file alone.
- An entry between slashes is a pattern: a regular expression without a group that captures and
  without a quantifier that has no bound or holds another one. Every other entry is plain text.
- The words of all languages are read on every page, whatever language it declares. Only `by`
  is looked up by language, because in other languages it may be a name.

The file has two parts. `categories` says what each category holds. `languages` gives for each
language (BCP 47, primary subtag; `und` where the language is unknown) the entries of its
categories. The entries of a category are sorted, and the file is laid out as
`python -m json.tool --sort-keys --no-ensure-ascii --indent 2` does.
"""

import importlib.resources
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypedDict

import orjson

FILE = "vocabulary.json"

_SHARED = 4
"""From so many words on a shared first letter saves more than its group costs to compile."""


class Vocabulary(TypedDict):
    """The parts of the file."""

    categories: dict[str, str]
    languages: dict[str, dict[str, list[str]]]


def load() -> Vocabulary:
    """What `vocabulary.json` has."""
    found: Vocabulary = orjson.loads(
        importlib.resources.files(__package__).joinpath(FILE).read_bytes()
    )
    return found


_LOADED = load()
CATEGORIES: Mapping[str, str] = _LOADED["categories"]
LANGUAGES: dict[str, dict[str, list[str]]] = _LOADED["languages"]


def is_pattern(entry: str) -> bool:
    """Whether an entry is a regular expression; the slashes around it are no part of it."""
    return len(entry) > 1 and entry[0] == entry[-1] == "/"


def by_language(category: str) -> dict[str, tuple[str, ...]]:
    """The entries of a category by language; a language without any is left out.

    Raises:
        KeyError: no category has this name.
    """
    if category not in CATEGORIES:
        raise KeyError(category)
    return {
        language: tuple(entries[category])
        for language, entries in LANGUAGES.items()
        if category in entries
    }


def words(*categories: str) -> tuple[str, ...]:
    """The words of categories in all languages, each once: the longest first, then by letters.

    Raises:
        KeyError: no category has this name.
        ValueError: an entry is a pattern.
    """
    found = _entries(categories)
    for entry in found:
        if is_pattern(entry):
            raise ValueError(f"a pattern where only words are read: {entry}")
    return found


def alternation(*categories: str) -> str:
    """A regular expression, without a group around it, for the entries in all languages.

    Of words that begin alike the longest stands first, so that none is read as a part of itself.
    Words with the same first letter share it. Python's matcher tries alternatives one by one, and
    a search takes a third of the time if it tries a letter once for all its words.

    Raises:
        KeyError: no category has this name.
        ValueError: there is no entry, so that the expression would match an empty text.
    """
    found = _entries(categories)
    if not found:
        raise ValueError(f"no words: {', '.join(categories)}")
    alternatives: list[str] = []
    by_letter: dict[str, list[str]] = defaultdict(list)
    for entry in found:
        if is_pattern(entry):
            alternatives.append(entry[1:-1])
        else:
            by_letter[entry[0]].append(entry)
    for letter, alike in by_letter.items():
        if len(alike) < _SHARED:
            alternatives += map(_escaped, alike)
        else:
            rests = "|".join([_escaped(entry[1:]) for entry in alike])
            alternatives.append(f"{_escaped(letter)}(?:{rests})")
    return "|".join(alternatives)


def _escaped(text: str) -> str:
    return text if text.isalnum() else re.escape(text)


def _entries(categories: Sequence[str]) -> tuple[str, ...]:
    found = {
        entry
        for category in categories
        for entries in by_language(category).values()
        for entry in entries
    }
    # Sorting is stable: entries of one length stay in the order of their letters.
    return tuple(sorted(sorted(found), key=len, reverse=True))
