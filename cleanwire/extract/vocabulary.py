"""The words of all languages that the extractor looks for, read from `vocabulary.json`.

Invariants:

- The words that tell who wrote a page and when, where its comments are and whether it is an error
  page are in the file and in no module. The modules build their regular expressions and sets from
  the file, so a new language changes the file alone.
- An entry between slashes is a pattern: a regular expression without a group that captures and
  without a quantifier that has no bound or holds another one. Every other entry is plain text.
- The words of all languages are looked for on every page, whatever language it declares. The one
  exception is the category `by`: it is looked up by language, because a word that means `by` in one
  language may be a name in another.

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
"""With this many words or more, sharing their first letter saves more time than compiling the group
costs."""


class Vocabulary(TypedDict):
    """The parts of the file."""

    categories: dict[str, str]
    languages: dict[str, dict[str, list[str]]]


def load() -> Vocabulary:
    """The content of `vocabulary.json`."""
    found: Vocabulary = orjson.loads(
        importlib.resources.files(__package__).joinpath(FILE).read_bytes()
    )
    return found


_LOADED = load()
CATEGORIES: Mapping[str, str] = _LOADED["categories"]
LANGUAGES: dict[str, dict[str, list[str]]] = _LOADED["languages"]


def is_pattern(entry: str) -> bool:
    """Whether an entry is a regular expression, between slashes that are not part of it."""
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
    """The words of categories in all languages, each once: the longest first, then in code order.

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
    """A regular expression for the entries of categories in all languages, with no group around.

    A longer word comes before a shorter one that it begins with, so that the longer one matches.
    Words with the same first letter share it: Python's matcher tries alternatives one by one, and a
    search takes a third of the time if it tries a letter once for all words that begin with it.

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
    """All entries of categories, each once: the longest first, then in code order."""
    found = {
        entry
        for category in categories
        for entries in by_language(category).values()
        for entry in entries
    }
    # Sorting is stable: entries of one length stay in the order of their letters.
    return tuple(sorted(sorted(found), key=len, reverse=True))
