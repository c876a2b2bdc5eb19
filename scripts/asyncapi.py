"""Writes schemas/asyncapi.json, which describes the topics: `python scripts/asyncapi.py`.

It is an AsyncAPI 3.0 document. The schemas of the events stay what they are: the document contains
them, so that a tool needs no other file.

Invariant: the document follows from the schemas and the code alone. `tests/test_asyncapi.py` holds
the file to what this program would write, and to AsyncAPI itself.
"""

import dataclasses
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cleanwire import flat
from cleanwire.events import ArticleDetails, CleanArticle, DuplicateArticle, Source, from_json
from cleanwire.page.formats.format_names import FORMAT_HEADER, FORMATS
from cleanwire.schema import folder, schema
from streams.kafka import headers
from streams.kafka.topics import Spec, specs
from streams.runtime.cloudevents import headers as cloudevents
from streams.settings import Settings

sys.path.insert(0, str(Path(__file__).resolve().parent))
from schema_nodes import resolved

FILE = Path(__file__).resolve().parents[1] / "schemas" / "asyncapi.json"
ASYNCAPI_BINDING = "0.5.0"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic that users write or read.

    Attributes:
        name: its name without the prefix.
        action: what Cleanwire does: `receive` or `send`.
        summary: what is on it, in one sentence.
        event: the schema of its values.
        kind: the type of its events, which tells the CloudEvents headers; None if it has none.
        withdraws: whether a record without a value withdraws what its key names.
    """

    name: str
    action: str
    summary: str
    event: str
    kind: type | None = None
    withdraws: bool = False


TOPICS = (
    Topic(
        name="raw-pages",
        action="receive",
        summary="Pages as crawlers fetched them.",
        event="raw-page",
    ),
    Topic(
        name="clean-articles",
        action="send",
        summary="Each story once, and clean.",
        event="clean-article",
        kind=CleanArticle,
        withdraws=True,
    ),
    Topic(
        name="article-details",
        action="send",
        summary="Signature and blocks of the articles, if CLEANWIRE_ARTICLE_DETAILS is topic.",
        event="article-details",
        kind=ArticleDetails,
        withdraws=True,
    ),
    Topic(
        name="flat-articles",
        action="send",
        summary="The articles as Kafka Connect reads them, if CLEANWIRE_FLAT_ARTICLES is true.",
        event="flat-article",
        withdraws=True,
    ),
    Topic(
        name="duplicate-articles",
        action="send",
        summary="Pages that repeat a published article.",
        event="duplicate-article",
        kind=DuplicateArticle,
    ),
    Topic(
        name="rejected-pages",
        action="send",
        summary="Pages that cannot be used, as they came, with the reason in headers.",
        event="raw-page",
    ),
)
"""The topics of the document. The other topics are Cleanwire's own, and change without notice."""


def document() -> dict[str, Any]:
    """The AsyncAPI document."""
    settings = Settings.model_construct(article_details="topic", flat_articles=True)
    known = {spec.name: spec for spec in specs(settings)}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:cleanwire:asyncapi:v1",
        "info": {
            "title": "Cleanwire",
            "version": "1.0.0",
            "license": {"name": "Apache-2.0"},
            "description": (
                "Raw pages in, each story once and clean out. Delivery is at least once: keep one "
                "record for each key. Within a version of a schema members are only added, so "
                "ignore those that you do not know. The addresses are those without "
                "CLEANWIRE_TOPIC_PREFIX; partitions and options are those of the default settings."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, known[topic.name]) for topic in TOPICS},
        "operations": {
            f"{topic.action}-{topic.name}": {
                "action": topic.action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": topic.summary,
                "messages": [
                    {"$ref": f"#/channels/{topic.name}/messages/{name}"}
                    for name in _messages(topic)
                ],
            }
            for topic in TOPICS
        },
        "components": {
            "messages": {
                name: message for topic in TOPICS for name, message in _messages(topic).items()
            }
        },
    }


def _channel(topic: Topic, spec: Spec) -> dict[str, Any]:
    options = {name: _option(name, value) for name, value in spec.config.items()}
    described = {name: value for name, value in options.items() if name in _OF_THE_BINDING}
    # The binding has no members for the others, and takes none that it does not know.
    others = ", ".join(f"{n}={v}" for n, v in spec.config.items() if n not in _OF_THE_BINDING)
    return {
        "address": topic.name,
        "title": topic.name,
        "summary": topic.summary,
        **({"description": f"Further options of the topic: {others}."} if others else {}),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": spec.partitions,
                "topicConfiguration": described,
                "bindingVersion": ASYNCAPI_BINDING,
            }
        },
    }


_OF_THE_BINDING = ("cleanup.policy", "retention.ms", "delete.retention.ms", "max.message.bytes")


def _option(name: str, value: str) -> Any:  # noqa: ANN401 - a list, a number or a text
    if name == "cleanup.policy":
        return value.split(",")
    return int(value) if value.isdecimal() else value


def _messages(topic: Topic) -> dict[str, dict[str, Any]]:
    """The messages of a topic, by their names in the document."""
    if topic.name == "rejected-pages":
        return {"rejected-page": _dead_letter(topic)}
    name = topic.event
    found = {name: _flat(topic) if topic.name == "flat-articles" else _message(topic)}
    if topic.withdraws:
        found[f"{name}-withdrawn"] = _withdrawn(topic)
    return found


def _message(topic: Topic) -> dict[str, Any]:
    described = schema(f"{topic.event}.v1")
    example: dict[str, Any] = {"name": topic.event, "payload": _example(topic.event)}
    made = {
        "name": topic.event,
        "title": described["title"],
        "summary": described["description"],
        "contentType": "application/json",
        "payload": _as_draft_07(described),
        "bindings": {"kafka": _key(topic)},
        "examples": [example],
    }
    if topic.kind is None:
        return made | {"headers": _header_schema(_OF_RAW | _TRACE, required=())}
    sent = {name: value.decode() for name, value in cloudevents(_event(topic))}
    wanted = {name: {"type": "string"} for name in sent}
    for name in ("ce_specversion", "ce_source", "ce_type", "ce_dataschema", "content-type"):
        wanted[name]["const"] = sent[name]
    example["headers"] = sent
    return made | {"headers": _header_schema(wanted | _SOURCE | _TRACE, required=tuple(wanted))}


def _flat(topic: Topic) -> dict[str, Any]:
    """The value is the envelope of Connect's JsonConverter: a constant schema and the columns."""
    described = schema(f"{topic.event}.v1")
    envelope = {
        "type": "object",
        "properties": {
            "schema": {"const": flat.SCHEMA, "description": "The columns, as Connect has them."},
            "payload": _as_draft_07(described),
        },
        "required": ["schema", "payload"],
    }
    value = {"schema": flat.SCHEMA, "payload": _example(topic.event)}
    return {
        "name": topic.event,
        "title": described["title"],
        "summary": described["description"],
        "contentType": "application/json",
        "payload": envelope,
        "headers": _header_schema(
            {"content-type": {"type": "string", "const": "application/json"}, **_SOURCE, **_TRACE},
            required=("content-type",),
        ),
        "bindings": {"kafka": _key(topic)},
        "examples": [
            {
                "name": topic.event,
                "headers": {"content-type": "application/json"},
                "payload": value,
            }
        ],
    }


def _withdrawn(topic: Topic) -> dict[str, Any]:
    return {
        "name": f"{topic.event}-withdrawn",
        "title": "Withdrawn",
        "summary": "A record without a value: delete what you have under its key.",
        "payload": {"type": "null"},
        "bindings": {"kafka": _key(topic)},
        "examples": [{"name": "withdrawn", "payload": None}],
    }


def _dead_letter(topic: Topic) -> dict[str, Any]:
    described = schema("rejected-page.v1")
    return {
        "name": "rejected-page",
        "title": described["title"],
        "summary": described["description"],
        "headers": _header_schema(
            {
                **{name: _plain(found) for name, found in described["properties"].items()},
                "cleanwire.article": {
                    "type": "string",
                    "pattern": "^[0-9a-f]{32}$",
                    "description": "Of a page that was taken down: the id of its article.",
                },
                **_TRACE,
            },
            required=tuple(described["required"]),
        ),
        "payload": {
            "description": "The value of the original record, whatever it was. There is none for a "
            "page that was taken down, nor for one that is too large once it is unpacked."
        },
        "bindings": {"kafka": _key(topic)},
        "examples": [{"name": "rejected-page", "headers": _example("rejected-page")}],
    }


_SOURCE = {
    name: {"type": "string", "description": text}
    for name, text in (
        (headers.SOURCE_ID, "The id of the topic of the raw page (KIP-516)."),
        (
            headers.ARRIVED,
            "When the raw page arrived, in milliseconds since the epoch; empty if it is not known.",
        ),
    )
}
_TRACE = {
    **{
        name: {"type": "string", "description": "W3C Trace Context, if the crawler sent it."}
        for name in (headers.TRACEPARENT, headers.TRACESTATE)
    },
    headers.REPLAY_OF: {
        "type": "string",
        "description": "The page was run again: the first raw record, TOPIC_ID/PARTITION/OFFSET.",
    },
}
_OF_RAW = {
    FORMAT_HEADER: {
        "enum": list(FORMATS),
        "description": "The format of the value; without it, CLEANWIRE_RAW_FORMAT says it.",
    },
}


def _header_schema(wanted: Mapping[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Values are UTF-8.",
        "properties": dict(wanted),
        **({"required": list(required)} if required else {}),
    }


def _key(topic: Topic) -> dict[str, Any]:
    if topic.name in {"raw-pages", "rejected-pages"}:
        key: dict[str, Any] = {"description": "The crawler's own; any bytes, or none."}
    else:
        key = {
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "description": "The id of the event's page.",
        }
    return {"key": key, "bindingVersion": ASYNCAPI_BINDING}


def _as_draft_07(described: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as AsyncAPI has it by default: draft 7.

    The schemas use no keyword that draft 7 lacks, apart from `$defs` and members beside a `$ref`,
    and both are resolved.
    """
    whole = resolved(described)
    return {name: one for name, one in whole.items() if name not in {"$schema", "$id"}}


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "string", **found}


def _example(name: str) -> dict[str, Any]:
    text = (folder() / "examples" / f"{name}.v1.json").read_text("utf-8")
    example: dict[str, Any] = json.loads(text)
    return example


def _event(topic: Topic) -> Any:  # noqa: ANN401 - any of the events
    members = _example(topic.event)
    typed = from_json(members) if "blocks" in members else members
    if topic.kind is None:
        raise TypeError(f"{topic.name} has no events of Cleanwire's")
    return topic.kind(**{**typed, "source": Source(**members["source"])})


def written() -> str:
    """The text of the file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file if it is not as the code has it, and name it."""
    text = written()
    if not FILE.exists() or FILE.read_text("utf-8") != text:
        FILE.write_text(text, "utf-8")
        print(FILE.relative_to(FILE.parents[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
