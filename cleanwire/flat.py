"""A published article as one flat record, as the JsonConverter of Kafka Connect reads it.

Invariants:

- Every article has the same columns, and every value is a scalar of its column's type or null.
- Every column but the key may be null in the schema, even where each article has a value. A column
  that a later version adds can then be added to a table that has rows.
- A field of `CleanArticle` is a column, several columns, or in `LEFT_OUT`. A field of a type that
  no column can hold fails at the import.
- No text holds the character NUL, which PostgreSQL cannot store.

A sink for a relational database needs a schema in every record: `{"schema": ..., "payload": ...}`,
with `schemas.enable=true`. The schema is a constant.
"""

import collections.abc
import dataclasses
import datetime as dt
import operator
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from cleanwire.events import CleanArticle, Source

NAME = "cleanwire.FlatArticle"
"""The name of the schema, as Connect has it."""

VERSION = 1
"""The version of the schema. A column that is added does not change it."""

TIMESTAMP = "org.apache.kafka.connect.data.Timestamp"
"""Connect's logical type for milliseconds since the epoch, in UTC."""

LEFT_OUT: Mapping[str, str] = {
    "signature": "only Cleanwire reads it",
    "blocks": "a list of structures; `text` has the same words",
}
"""The fields that are no columns, and why."""

_KEY = "id"

_TIMES = frozenset({"fetched_at"})
"""The texts that are complete times. `published_at` and `modified_at` may lack time or zone."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the flat form.

    Attributes:
        name: lower case, so that databases need no quotes for it.
        type: of Connect: `string`, `int64`, `boolean`.
        optional: whether the schema lets it be null.
        logical: the name of Connect's logical type; None if there is none.
        read: gives the field's value.
        store: makes the column's value of it; it is not asked for None.
    """

    name: str
    type: str
    optional: bool
    logical: str | None
    read: Callable[[CleanArticle], Any]
    store: Callable[[Any], str | int | bool | None]

    def value(self, article: CleanArticle) -> str | int | bool | None:
        """The column's value for an article."""
        found = self.read(article)
        return None if found is None else self.store(found)

    def schema(self) -> dict[str, Any]:
        """The column as JsonConverter writes it; what is not optional is required."""
        found: dict[str, Any] = {"field": self.name, "type": self.type}
        if self.optional:
            found["optional"] = True
        if self.logical:
            found |= {"name": self.logical, "version": 1}
        return found


def flat_article(article: CleanArticle) -> dict[str, str | int | bool | None]:
    """The article's columns by name: the `payload`, as `schemas/flat-article.v1.json` has it.

    A list of texts and a table of counts become JSON in a text, for example `["Ines Halloran"]`.
    NUL becomes U+FFFD, as HTML has it. `fetched_at` is in milliseconds since the epoch, and null
    if it is empty.

    Raises:
        ValueError: `fetched_at` is no ISO 8601 time.
    """
    return {column.name: column.value(article) for column in COLUMNS}


def flat_value(article: CleanArticle) -> bytes:
    """The article as the value of a record, `{"schema": ..., "payload": ...}`.

    Raises:
        ValueError: `fetched_at` is no ISO 8601 time.
        TypeError: a text cannot be encoded, because it holds half of a surrogate pair.
    """
    return b"".join((_BEFORE, orjson.dumps(flat_article(article)), b"}"))


def _columns() -> Iterator[Column]:
    for name, hint in typing.get_type_hints(CleanArticle).items():
        if name in LEFT_OUT:
            continue
        if hint is Source:
            for part, kind in typing.get_type_hints(Source).items():
                yield _column(f"{name}_{part}", kind, path=f"{name}.{part}")
        else:
            yield _column(name, hint, path=name)


def _column(name: str, hint: object, *, path: str) -> Column:
    kind = typing.get_args(hint)[0] if type(None) in typing.get_args(hint) else hint
    origin, logical = typing.get_origin(kind), None
    store: Callable[[Any], str | int | bool | None]
    if name in _TIMES:
        type_, store, logical = "int64", _milliseconds, TIMESTAMP
    elif kind is str or origin is typing.Literal:
        type_, store = "string", _storable
    elif kind is bool:
        type_, store = "boolean", bool
    elif kind is int:
        type_, store = "int64", int
    elif kind == tuple[str, ...] or origin is collections.abc.Mapping:
        type_, store = "string", _json
    else:
        raise TypeError(f"CleanArticle.{path} is no column; list it in cleanwire.flat.LEFT_OUT")
    return Column(
        name=name,
        type=type_,
        optional=name != _KEY,
        logical=logical,
        read=operator.attrgetter(path),
        store=store,
    )


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _json(value: tuple[str, ...] | Mapping[str, int]) -> str:
    plain: Any
    if isinstance(value, Mapping):
        plain = {_storable(name): count for name, count in value.items()}
    else:
        plain = [_storable(text) for text in value]
    return orjson.dumps(plain).decode()


def _milliseconds(time: str) -> int | None:
    if not time:
        return None
    moment = dt.datetime.fromisoformat(time.upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) // _MILLISECOND


COLUMNS = tuple(_columns())
"""All columns, in the order of the fields."""

SCHEMA: Mapping[str, Any] = {
    "type": "struct",
    "name": NAME,
    "version": VERSION,
    "fields": [column.schema() for column in COLUMNS],
}
"""The schema, as JsonConverter reads it."""

_BEFORE = b'{"schema":' + orjson.dumps(SCHEMA) + b',"payload":'
