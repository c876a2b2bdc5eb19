"""The metadata of an article, each value with the places on the page where it stood.

Invariant: a place is found by comparing what stands there with the article's value, dates after
they are read. So a place that is named holds the value, whichever rule believed it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from selectolax.lexbor import LexborHTMLParser

from cleanwire.explain.explanation import MOST_PLACES, MOST_SAID, Field, Place, shown
from cleanwire.explain.witnesses import Witness, witnesses
from cleanwire.extract.dom.blocks import RARELY_USED
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.extractor import Extracted
from cleanwire.extract.metadata.authors.line_authors import authors_in_lines
from cleanwire.extract.metadata.date_labels import dates_in
from cleanwire.extract.metadata.dates import DateHints, latest_of
from cleanwire.extract.metadata.robots import rules_in_header
from cleanwire.extract.metadata.start_lines import BYLINE_AFTER, HEAD_LINES
from cleanwire.extract.preparation import prepare
from cleanwire.extract.steps import HtmlSteps, Steps

FIELDS = (
    "title",
    "authors",
    "published_at",
    "modified_at",
    "language",
    "declared_language",
    "canonical_url",
    "site_name",
    "image",
    "section",
    "tags",
    "paywalled",
    "robots",
)
"""The fields, in the order in which they are shown."""

_Value = str | tuple[str, ...] | bool | None
_ALIKE, _SAME = 1, 2
_DAY = 10
_SHORT = 8
_LINE = 300


def fields_of(  # noqa: PLR0913 - what is known of a fetch, each by its name
    found: Extracted,
    steps: Steps,
    html: bytes | None,
    *,
    url: str | None,
    fetched_at: str | None,
    headers: Mapping[str, str] | None = None,
) -> tuple[Field, ...]:
    """The metadata fields of a page.

    Args:
        found: what the extraction made of the page.
        steps: what it decided.
        html: an HTML page, in UTF-8; None for a plain-text page.
        url: where the page was fetched.
        fetched_at: when it was fetched.
        headers: the response headers.
    """
    hints = DateHints(language=found.language, latest=latest_of(fetched_at))
    said: list[Witness] = []
    if robots := rules_in_header(headers):
        said.append(Witness("robots", "header X-Robots-Tag", ", ".join(robots), robots))
    if html is not None and isinstance(steps, HtmlSteps):
        hints = steps.metadata.dates
        tree = LexborHTMLParser(html)
        prepare(tree)
        for node in tree.css(RARELY_USED):
            node.decompose()
        said += witnesses(tree, url, hints)
    said += _in_lines(steps, hints)
    by_field: dict[str, list[Witness]] = {}
    for witness in said:
        by_field.setdefault(witness.field, []).append(witness)
    by_field["declared_language"] = by_field.get("language", [])
    values: Mapping[str, _Value] = {name: getattr(found, name) for name in FIELDS}
    return tuple(_field(name, values[name], by_field.get(name, ()), found) for name in FIELDS)


def _field(name: str, value: _Value, said: Sequence[Witness], found: Extracted) -> Field:
    heard = {(witness.where, witness.said): witness for witness in reversed(said)}
    # The first of equal places counts, and the order is that of the witnesses.
    judged = [
        (_agreement(name, witness.read, value), witness)
        for witness in reversed(heard.values())
        if witness.read is not None
    ]
    if name == "language" and value is not None and value != found.declared_language:
        detected = Witness(name, "detected in the text", str(value), value)
        judged.insert(0, (_SAME, detected))
    best = max((level for level, _ in judged), default=0)
    used = next((at for at, (level, _) in enumerate(judged) if level == best > 0), None)
    places = [
        Place(where=shown(witness.where), said=shown(witness.said), stands=_stands(level, at, used))
        for at, (level, witness) in enumerate(judged)
    ]
    places.sort(key=lambda place: place.stands != "used")
    return Field(
        name=name,
        value=_shown(value),
        places=tuple(places[:MOST_PLACES]),
        left_out=max(0, len(places) - MOST_PLACES),
    )


def _stands(level: int, at: int, used: int | None) -> Literal["used", "agrees", "differs"]:
    if at == used:
        return "used"
    return "agrees" if level else "differs"


def _agreement(name: str, read: _Value, value: _Value) -> int:
    """How well a witness agrees with the article: `_SAME`, `_ALIKE` or 0."""
    if value is None or read is None or value == ():
        return 0
    if name == "authors" and isinstance(value, tuple):
        line = str(read).casefold()
        named = sum(author.casefold() in line for author in value)
        return _SAME if named == len(value) else _ALIKE * (named > 0)
    if isinstance(value, bool) or isinstance(read, bool):
        return _SAME * (read is value)
    if isinstance(value, tuple) and isinstance(read, tuple):
        if name == "robots":
            # Every place adds its rules to those of the others.
            value, read = read, value
        return _SAME if read[: len(value)] == value else _ALIKE * (set(value) <= set(read))
    one, other = str(read).casefold(), str(value).casefold()
    if one == other:
        return _SAME
    is_alike = False
    if name in ("published_at", "modified_at"):
        is_alike = one[:_DAY] == other[:_DAY]
    elif name == "title":
        is_alike = other in one or (len(one) > _SHORT and one in other)
    return _ALIKE * is_alike


def _shown(value: _Value) -> _Value:
    if isinstance(value, str):
        return shown(value, 2 * MOST_SAID)
    return tuple(map(shown, value)) if isinstance(value, tuple) else value


def _in_lines(steps: Steps, hints: DateHints) -> Iterator[Witness]:
    """What the lines around the body say: the title of a plain-text page, bylines, dates."""
    page, first = steps.page, steps.first
    last = steps.selection.chosen[-1] + 1 if steps.selection.chosen else 0
    for start, end, where in (
        (max(0, first - HEAD_LINES), first, "line above the body"),
        (first, first + BYLINE_AFTER, "line at the start of the body"),
        (last, last + HEAD_LINES, "line below the body"),
    ):
        for text in page.texts[start:end]:
            line = squeezed(text[:_LINE])
            if page.flat and end == first:
                yield Witness("title", where, line, line)
            if len(text) > _LINE:
                continue
            if where != "line below the body" and authors_in_lines([line], ()):
                yield Witness("authors", where, line, line)
            for field, date in zip(
                ("published_at", "modified_at"), dates_in(line, hints), strict=True
            ):
                if date:
                    yield Witness(field, where, line, date)
