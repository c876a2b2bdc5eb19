"""The authors that lines of text name.

Invariant: a line names an author only if it reads as a byline, or follows a line that is the word
for `by` alone. Behind the story only a label counts, because other stories' bylines follow it.
"""

import re
from collections.abc import Iterable, Sequence

from cleanwire.extract.metadata.authors.byline_ends import without_other_roles, without_tail
from cleanwire.extract.metadata.authors.eastern_names import eastern_names, has_eastern_script
from cleanwire.extract.metadata.authors.person_names import is_by, names
from cleanwire.extract.vocabulary import alternation

_LONGEST = 160
"""The most characters of a line that names authors."""

_NAME_LENGTH = 60
"""The most characters of a line that is names only."""


def byline_pattern() -> re.Pattern[str]:
    """An expression for a byline up to its names, at the start of a line or after a mark."""
    by = alternation("by", "author_labels")
    unspaced = alternation("author_labels_unspaced", "author_labels_unspaced_in_lines")
    return re.compile(
        r"(?:^|[|•·–—,.]\s{0,2}|\s-\s{1,2}|\d\s{1,3})"
        rf"(?:(?:(?:{alternation('written', 'written_in_lines')})\s{{1,2}})?"
        rf"(?:{by})(?:\s{{0,2}}[:/]\s{{0,2}}|\s{{1,2}})"
        rf"|(?:{alternation('author_labels_before_colon')})\s{{0,2}}[:：]\s{{0,2}}"
        rf"|(?-i:By(?=[A-Z]))|(?:{unspaced})\s{{0,2}}[:：/]?\s{{0,2}})(?=\S)",
        re.IGNORECASE,
    )


def label_pattern() -> re.Pattern[str]:
    """An expression for a label before the names that stands at the start of a line."""
    return re.compile(
        r"^[\s(*]{0,3}(?:"
        rf"(?:{alternation('written', 'written_in_lines', 'written_in_elements')})\s{{1,2}}"
        rf"(?:{alternation('by', 'by_in_elements')})\s{{0,2}}:?\s{{1,2}}"
        rf"|(?:{alternation('author_labels_before_colon')})\s{{0,2}}[:：]\s{{0,2}})(?=\S)",
        re.IGNORECASE,
    )


_BYLINE = byline_pattern()
_LABEL = label_pattern()
_BY_LENGTH = 20
"""The most characters of a line that is the word for `by` alone."""

_BY_ALONE = re.compile(
    rf"(?:(?:{alternation('written', 'written_in_elements')})\s)?(?:{alternation('by')})\s?:?"
    rf"|(?:{alternation('author_labels_before_colon', 'author_labels_unspaced')})\s?[:：]"
    rf"|(?:{alternation('eastern_roles')})\s?[:：]",
    re.IGNORECASE,
)
_BY_WORD = re.compile(rf"\b(?:{alternation('by_or_name')})\b", re.IGNORECASE)
_EASTERN_LENGTH = 80
"""The most characters of a line that is a Chinese, Japanese or Korean byline."""


def authors_in_lines(
    lines: Iterable[str], not_names: Iterable[str | None], *, language: str | None = None
) -> tuple[str, ...]:
    """The authors that a byline among lines names: `By Ada Quill | 3 May`.

    Args:
        lines: the lines around the start of the story; long ones are passed over.
        not_names: texts that are no author, such as the names of the site and the title.
        language: the primary subtag (BCP 47) of the page.

    Returns:
        The names in the first byline that names anybody.
    """
    excluded = tuple(not_names)
    by_above = False
    for line in lines:
        if len(line) > _LONGEST:
            by_above = False
            continue
        if by_above and len(line) <= _NAME_LENGTH and (found := _named(line, excluded)):
            return found
        by_above = len(line) <= _BY_LENGTH and _BY_ALONE.fullmatch(line.strip()) is not None
        is_eastern = has_eastern_script(line)
        if is_eastern and len(line) > _EASTERN_LENGTH:
            continue
        match = _BYLINE.search(line)
        if match and (found := _named(line[match.end() :], excluded)):
            word = _BY_WORD.search(match[0])
            if not (word and language) or is_by(word[0].lower(), language):
                return found
        if is_eastern and (found := eastern_names(line)):
            return names(found, not_names=excluded)
    return ()


def authors_at_end(lines: Iterable[str], not_names: Iterable[str | None]) -> tuple[str, ...]:
    """The authors that a labelled line at the end of the story names: `Written by Ada Quill`.

    Args:
        lines: the last lines of the story and those behind it.
        not_names: as for `authors_in_lines`.
    """
    excluded = tuple(not_names)
    for line in lines:
        if (
            len(line) <= _LONGEST
            and (match := _LABEL.match(line))
            and (found := _named(line[match.end() :].rstrip(".)"), excluded))
        ):
            return found
    return ()


def in_full(authors: Sequence[str], written: Sequence[str]) -> tuple[str, ...]:
    """The authors; each first name alone is replaced by a written name that begins with it."""
    return tuple(
        next((full for full in written if full.startswith(f"{name} ")), name) for name in authors
    )


def _named(text: str, not_names: tuple[str | None, ...]) -> tuple[str, ...]:
    return names([without_tail(without_other_roles(text))], not_names=not_names)
