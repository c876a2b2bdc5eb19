import dataclasses
import json

import jsonschema
import orjson
import pytest

from cleanwire import Pipeline, Source
from cleanwire.errors import REASONS, PageRejected
from cleanwire.events import ArticleDetails, CleanArticle, DuplicateArticle, Rejection, to_dict
from cleanwire.page.raw_page import parse_raw_page
from helpers.schemas import example, schema, validator
from streams.testing.samples import sample_pages

NAMES = [
    "raw-page",
    "clean-article",
    "article-details",
    "duplicate-article",
    "flat-article",
    "rejected-page",
]


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_valid_open_and_their_examples_validate(name):
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$id"] == f"urn:cleanwire:{name}:v1"
    assert "additionalProperties" not in found
    validator(name).validate(example(name))
    validator(name).validate({**example(name), "new_member": 1})


@pytest.mark.parametrize("name", NAMES)
def test_every_required_member_is_required(name):
    for member in schema(name)["required"]:
        event = {key: value for key, value in example(name).items() if key != member}
        with pytest.raises(jsonschema.ValidationError):
            validator(name).validate(event)


def test_the_events_have_the_schemas_members_in_their_order():
    for name, event in (
        ("clean-article", CleanArticle),
        ("article-details", ArticleDetails),
        ("duplicate-article", DuplicateArticle),
    ):
        assert [field.name for field in dataclasses.fields(event)] == list(
            schema(name)["properties"]
        )
    reasons = schema("rejected-page")["properties"]["cleanwire.reason"]["enum"]
    assert reasons == list(REASONS)


GOOD = example("raw-page")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"status": None},
        {"status": 404},
        {"body": None, "body_base64": "eA=="},
        {"url": "http://a.example:8080/x?y"},
        {"url": "file:///tmp/x"},
        {"url": "ftp://a.example/"},
        {"url": "https://"},
        {"url": "https://a b/"},
        {"url": 5},
        {"url": None},
        {"fetched_at": "2026-11-02"},
        {"fetched_at": "2026-11-02T08:00:05"},
        {"fetched_at": "2026-13-02T08:00:05Z"},
        {"body_base64": "eA=="},
        {"body": None},
        {"body": 1},
        {"status": "200"},
        {"status": 99},
        {"content_type": 1},
        {"headers": {"a": 1}},
        {"headers": []},
    ],
)
def test_reader_and_schema_agree(change):
    event = {**GOOD, **change}
    try:
        parse_raw_page(orjson.dumps(event))
        accepted = True
    except PageRejected as error:
        accepted = error.reason == "http-error"
    assert validator("raw-page").is_valid(event) is accepted


def test_what_the_pipeline_makes_validates():
    pipeline = Pipeline()
    seen = set()
    for offset, sample in enumerate(sample_pages()):
        outcome = pipeline.process(
            sample.value, Source(topic="raw-pages", partition=0, offset=offset)
        )
        seen.add(type(outcome))
        event = json.loads(orjson.dumps(to_dict(outcome)))
        if isinstance(outcome, CleanArticle):
            validator("clean-article").validate(event)
        elif isinstance(outcome, DuplicateArticle):
            validator("duplicate-article").validate(event)
    assert seen == {CleanArticle, DuplicateArticle, Rejection}
