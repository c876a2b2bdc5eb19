"""The flat form: its columns follow from the event, and whatever is published fits into them."""

import dataclasses
import datetime as dt
import json
import typing

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire import flat
from cleanwire.events import CleanArticle, Source, TextBlock, from_json
from helpers.schemas import example, schema, validator

TEXT = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from("\0\x1b\u2028\ufeff\U0001f600'\"\\;{")
)
MAYBE = st.none() | TEXT
TIMES = st.datetimes(timezones=st.just(dt.UTC)).map(dt.datetime.isoformat)
BLOCK = st.builds(TextBlock, kind=st.just("paragraph"), level=st.just(0), text=TEXT)
ARTICLES = st.builds(
    CleanArticle,
    id=st.text("0123456789abcdef", min_size=32, max_size=32),
    site=MAYBE,
    title=MAYBE,
    authors=st.lists(TEXT).map(tuple),
    published_at=st.none() | TIMES,
    modified_at=st.none(),
    language=st.none() | st.sampled_from(["en", "de"]),
    declared_language=MAYBE,
    text=TEXT.filter(bool),
    word_count=st.integers(1, 2**31),
    fetched_at=TIMES,
    removed=st.dictionaries(TEXT, st.integers(0, 2**31)),
    canonical_url=MAYBE,
    site_name=MAYBE,
    image=MAYBE,
    section=MAYBE,
    tags=st.lists(TEXT).map(tuple),
    paywalled=st.none() | st.booleans(),
    robots=st.lists(TEXT).map(tuple),
    blocks=st.lists(BLOCK).map(tuple),
    source=st.builds(
        Source, topic=TEXT, partition=st.integers(0, 2**31), offset=st.integers(0, 2**63 - 1)
    ),
    revision=st.integers(1, 2**31),
    supersedes=st.none(),
)
CONNECT = {"string": str, "int64": int, "boolean": bool}


def article(**changes):
    members = from_json(example("clean-article"))
    return CleanArticle(**{**members, "source": Source(**members["source"]), **changes})


def test_every_field_is_a_column_or_is_left_out_with_a_reason():
    columns = {column.name for column in flat.COLUMNS}
    for field in dataclasses.fields(CleanArticle):
        flattened = field.name in columns or f"{field.name}_topic" in columns
        assert flattened is (field.name not in flat.LEFT_OUT), field.name
    assert all(flat.LEFT_OUT.values())
    assert flat.LEFT_OUT.keys() <= {field.name for field in dataclasses.fields(CleanArticle)}


@pytest.mark.parametrize("hint", [tuple[TextBlock, ...], float, dict, bytes])
def test_a_field_that_no_column_can_hold_is_named(hint):
    with pytest.raises(TypeError, match=r"CleanArticle\.new is no column"):
        flat._column("new", hint, path="new")


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (str, "string"),
        (str | None, "string"),
        (int | None, "int64"),
        (tuple[str, ...], "string"),
        (tuple[str, ...] | None, "string"),
        (typing.Literal["a", "b"] | None, "string"),
    ],
)
def test_a_new_field_follows_from_its_type_and_may_be_null(hint, expected):
    made = flat._column("new", hint, path="new")
    assert made.schema() == {"field": "new", "type": expected, "optional": True}


def test_the_example_is_the_flat_form_of_the_published_example():
    assert flat.flat_article(article()) == example("flat-article")
    columns = [column.name for column in flat.COLUMNS]
    assert list(schema("flat-article")["properties"]) == columns
    assert schema("flat-article")["required"] == columns


def test_the_schema_has_what_the_json_schema_has():
    kinds = {"string": "string", "int64": "integer", "boolean": "boolean"}
    for column in flat.COLUMNS:
        named = schema("flat-article")["properties"][column.name]["type"]
        assert named in (kinds[column.type], [kinds[column.type], "null"]), column.name
        assert column.optional is (column.name != "id")


@given(ARTICLES)
def test_whatever_is_published_fits_its_columns(article):
    value = json.loads(flat.flat_value(article))
    assert set(value) == {"schema", "payload"}
    assert value["schema"] == flat.SCHEMA
    payload = value["payload"]
    assert list(payload) == [field["field"] for field in flat.SCHEMA["fields"]]
    for field in flat.SCHEMA["fields"]:
        found = payload[field["field"]]
        if found is None:
            assert field.get("optional"), field
        else:
            assert type(found) is CONNECT[field["type"]], field
            assert "\0" not in str(found)
    assert payload["text"] == article.text.replace("\0", "\ufffd")


@given(ARTICLES)
def test_lists_come_back_as_they_were_without_nul(article):
    payload = flat.flat_article(article)
    for name in ("authors", "tags", "robots"):
        assert "\\u0000" not in payload[name].replace("\\\\", "")
        expected = [text.replace("\0", "\ufffd") for text in getattr(article, name)]
        assert json.loads(payload[name]) == expected


@pytest.mark.parametrize(
    ("fetched_at", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-11-02T08:00:05+01:00", 1793602805000),
        ("2026-11-02t08:00:05z", 1793606405000),
        ("2026-11-02 08:00:05.123456789Z", 1793606405123),
        ("2026-11-02T08:00:05", 1793606405000),
        ("0001-01-01T00:00:00+14:00", -62135647200000),
        ("9999-12-31T23:59:59.999999-12:00", 253402343999999),
        ("", None),
    ],
)
def test_the_fetch_is_an_instant(fetched_at, milliseconds):
    assert flat.flat_article(article(fetched_at=fetched_at))["fetched_at"] == milliseconds


@pytest.mark.parametrize(
    "text", ["x" * 2_000_000, '"' * 500_000, "\x01" * 500_000, "\u6f22" * 500_000]
)
def test_a_long_text_is_no_larger_than_the_published_article(text):
    published = article(text=text, blocks=(TextBlock(kind="paragraph", level=0, text=text),))
    assert len(flat.flat_value(published)) < len(orjson.dumps(published))


def test_the_sample_of_the_schema_validates():
    hostile = article(title="\0", authors=("\0",), tags=(), paywalled=None, site=None)
    validator("flat-article").validate(flat.flat_article(hostile))
