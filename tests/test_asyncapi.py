"""schemas/asyncapi.json: up to date, valid, and true to the topics and the schemas."""

import copy
import json
import sys
from pathlib import Path

import jsonschema
import pytest

from cleanwire.schema import folder
from helpers import npm, schemas
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.topics import specs
from streams.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import asyncapi  # noqa: E402 - found by the line above

PARSER = ("@asyncapi/parser", "3.6.6")
"""`@asyncapi/cli` 4.1.1 asks this one too, and calls the file valid."""

PARSE = """
const {Parser} = require('@asyncapi/parser');
const documents = JSON.parse(require('fs').readFileSync(0, 'utf8'));
(async () => {
  const found = [];
  for (const one of documents) {
    const {document, diagnostics} = await new Parser().parse(JSON.stringify(one));
    found.push({whole: Boolean(document), errors: diagnostics.filter(d => d.severity === 0)
      .map(d => d.path.join('/') + ': ' + d.message)});
  }
  console.log(JSON.stringify(found));
})();
"""

DOCUMENT = asyncapi.document()


def mutants():
    """Documents that are wrong, by what is wrong with each."""
    found = {}

    def mutant(what):
        found[what] = copy.deepcopy(DOCUMENT)
        return found[what]

    del mutant("no info")["info"]
    mutant("no such action")["operations"]["send-clean-articles"]["action"] = "publish"
    mutant("a channel that is not there")["operations"]["send-clean-articles"]["channel"] = {
        "$ref": "#/channels/articles"
    }
    article = mutant("a schema with a wrong type")["components"]["messages"]["clean-article"]
    article["payload"]["properties"]["title"]["type"] = "text"
    bindings = mutant("no partitions")["channels"]["raw-pages"]["bindings"]["kafka"]
    bindings["partitions"] = 0
    mutant("an unknown member")["channels"]["raw-pages"]["owner"] = "me"
    return found


def test_the_file_is_as_the_code_has_it():
    assert asyncapi.FILE.read_text("utf-8") == asyncapi.written(), "run scripts/asyncapi.py"
    assert json.loads((folder() / "asyncapi.json").read_text("utf-8")) == DOCUMENT


@pytest.mark.slow
def test_asyncapis_own_parser_takes_it_and_refuses_what_is_wrong():
    wrong = mutants()
    texts = json.dumps([DOCUMENT, *wrong.values()])
    right, *others = json.loads(npm.run(npm.installed(*PARSER), PARSE, stdin=texts))
    assert right == {"whole": True, "errors": []}
    for what, answer in zip(wrong, others, strict=True):
        assert answer["errors"], what


def test_every_topic_that_users_write_or_read_is_a_channel_as_it_is_created():
    settings = Settings(article_details="topic", flat_articles=True)
    known = {spec.name: spec for spec in specs(settings)}
    topics = settings.topics
    assert set(DOCUMENT["channels"]) == {
        topics.raw,
        topics.details,
        topics.flat,
        *outcome_topics(settings),
    }
    for name, channel in DOCUMENT["channels"].items():
        binding = channel["bindings"]["kafka"]
        told = dict(binding["topicConfiguration"])
        told["cleanup.policy"] = ",".join(told["cleanup.policy"])
        assert binding["partitions"] == known[name].partitions
        for option, value in known[name].config.items():
            assert str(told.get(option)) == value or f"{option}={value}" in channel["description"]
    actions = {name: one["action"] for name, one in DOCUMENT["operations"].items()}
    assert actions.pop("receive-raw-pages") == "receive"
    assert set(actions.values()) == {"send"}


@pytest.mark.parametrize(
    "name", ["raw-page", "clean-article", "article-details", "duplicate-article"]
)
def test_its_payloads_say_what_the_schemas_say(name):
    payload = DOCUMENT["components"]["messages"][name]["payload"]
    jsonschema.Draft7Validator.check_schema(payload)
    assert "$ref" not in json.dumps(payload)
    theirs, ours = jsonschema.Draft7Validator(payload), schemas.validator(name)
    event = schemas.example(name)
    theirs.validate(event)
    changes = [{}, {"url": 5}, {"new_member": 1}, {"source": {"topic": "t"}}, {"revision": 0}]
    changes += [{"id": "x"}, {"supersedes": "x"}, {"similarity": 2}, {"blocks": [{"kind": "p"}]}]
    changes += [{member: None} for member in event]
    for change in changes:
        assert theirs.is_valid(event | change) == ours.is_valid(event | change), change
    for member in event:
        less = {one: value for one, value in event.items() if one != member}
        assert theirs.is_valid(less) == ours.is_valid(less), member


def test_the_examples_are_messages():
    for name, message in DOCUMENT["components"]["messages"].items():
        (example,) = message["examples"]
        for part in ("payload", "headers"):
            if part in message and part in example:
                jsonschema.Draft7Validator(message[part]).validate(example[part])
        assert set(message.get("headers", {}).get("required", ())) <= set(
            example.get("headers", ())
        ), name


def test_withdrawn_articles_are_messages_without_a_value():
    messages = DOCUMENT["components"]["messages"]
    for name in ("clean-article", "article-details", "flat-article"):
        assert messages[f"{name}-withdrawn"]["payload"] == {"type": "null"}
    assert set(messages["rejected-page"]["headers"]["properties"]) >= set(
        schemas.schema("rejected-page")["properties"]
    )
