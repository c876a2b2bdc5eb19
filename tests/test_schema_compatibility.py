"""The schemas against the released ones: every rule with a mutant, and the rules against values."""

import copy
import json
import sys
from pathlib import Path

import hypothesis
import jsoncompat
import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from helpers.schema_values import values_of
from helpers.schemas import example, schema

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import schema_compatibility as compatibility  # noqa: E402 - found by the line above
from schema_nodes import resolved  # noqa: E402 - as above

RELEASED = compatibility.SCHEMAS / "released"


def changed(name, change):
    new = schema(name)
    change(new)
    return new


def at(*path, **members):
    """A change of the members of a node; None takes a member away."""

    def change(found):
        for step in path:
            found = found[step]
        for member, value in members.items():
            if value is None:
                found.pop(member)
            else:
                found[member] = value

    return change


def of(member, **members):
    return at("properties", member, **members)


def required(*, add=(), drop=()):
    def change(found):
        found["required"] = [one for one in found["required"] if one not in drop] + list(add)

    return change


def renamed(old, new):
    def change(found):
        found["properties"][new] = found["properties"].pop(old)

    return change


def reasons(change):
    def made(found):
        change(found["properties"]["cleanwire.reason"]["enum"])

    return made


LANGUAGE = "^[a-z]{2,3}$"
CLEAN, COPY, RAW, DEAD = "clean-article", "duplicate-article", "raw-page", "rejected-page"

COMPATIBLE = {
    "nothing": (CLEAN, lambda _: None),
    "a description": (CLEAN, of("title", description="Other words.")),
    "written: a new member": (CLEAN, at("properties", mood={"type": "string"})),
    "written: a new member that is always there": (
        COPY,
        lambda found: (of("title")(found), required(add=["title"])(found)),
    ),
    "written: never null any more": (CLEAN, of("title", type="string")),
    "written: a limit where none was": (CLEAN, of("title", maxLength=300)),
    "written: a narrower limit": (CLEAN, of("word_count", minimum=3)),
    "written: a number is whole": (COPY, of("similarity", type="integer")),
    "written: one kind less": (COPY, of("kind", enum=["exact", "near", "excerpt"])),
    "written: a pattern where none was": (CLEAN, of("site", pattern="^[^/]*$")),
    "written: a choice less": (CLEAN, of("supersedes", anyOf=[{"type": "null"}])),
    "written: a reason more": (DEAD, reasons(lambda found: found.append("robots"))),
    "read: a new member": (RAW, at("properties", depth={"type": "integer"})),
    "read: a member less": (RAW, at("properties", headers=None)),
    "read: not required any more": (RAW, required(drop=["fetched_at"])),
    "read: null too": (RAW, of("fetched_at", type=["string", "null"])),
    "read: a wider limit": (RAW, of("url", maxLength=9000)),
    "read: no limit any more": (RAW, of("url", maxLength=None)),
    "read: no pattern any more": (RAW, of("url", pattern=None)),
    "read: a wider minimum": (RAW, of("status", minimum=0)),
    "read: headers may be anything": (RAW, at("properties", "headers", additionalProperties=None)),
}

INCOMPATIBLE = {
    "another id": (CLEAN, at(**{"$id": "urn:cleanwire:clean-article:v2"}), "a new version"),
    "another draft": (CLEAN, at(**{"$schema": "http://json-schema.org/draft-07/schema#"}), "a new"),
    "an unknown keyword": (CLEAN, of("tags", contains={"type": "string"}), "cannot be judged: contains"),
    "a reference out of it": (CLEAN, of("id", **{"$ref": "other.json"}), "cannot be replaced"),
    "written: a member is lost": (CLEAN, at("properties", section=None), "section: is gone"),
    "written: a member is renamed": (CLEAN, renamed("word_count", "words"), "word_count: is gone"),
    "written: another type": (CLEAN, of("word_count", type="string"), "word_count: type gains string"),
    "written: null too": (CLEAN, of("text", type=["string", "null"]), "type gains null"),
    "written: any type": (CLEAN, of("text", type=None), "type gains"),
    "written: a whole number has parts": (CLEAN, of("revision", type="number"), "type gains number"),
    "written: no minimum": (CLEAN, of("revision", minimum=None), "minimum is wider"),
    "written: a lower minimum": (CLEAN, of("revision", minimum=0), "minimum is wider"),
    "written: a higher maximum": (COPY, of("similarity", maximum=100), "maximum is wider"),
    "written: an empty text": (CLEAN, of("text", minLength=0), "minLength is wider"),
    "written: a new kind": (COPY, of("kind", enum=[*schema(COPY)["properties"]["kind"]["enum"], "alike"]), 'gains "alike"'),
    "written: any kind": (COPY, of("kind", enum=None), "kind: enum is gone"),
    "written: another pattern": (CLEAN, of("language", pattern="^[a-z]{2,4}$"), "cannot be judged"),
    "written: no pattern": (CLEAN, of("language", pattern=None), "pattern is gone"),
    "written: a pattern in $defs": (CLEAN, at("$defs", "id", pattern=None), "pattern is gone"),
    "written: no format": (CLEAN, of("fetched_at", format=None), "format is gone"),
    "written: not always there": (CLEAN, required(drop=["text"]), "text is not required any more"),
    "written: not always there, deeper": (CLEAN, at("$defs", "source", required=["topic", "offset"]), "partition is not required"),
    "written: another choice": (CLEAN, of("supersedes", anyOf=[{"type": "integer"}, {"type": "null"}]), "anyOf gains"),
    "written: other items": (CLEAN, of("tags", items={"type": "integer"}), "items: type gains"),
    "written: any items": (CLEAN, of("authors", items=None), "items: type gains"),
    "written: counts are any": (CLEAN, of("removed", additionalProperties=None), "additionalProperties: type gains"),
    "written: a block's kind": (CLEAN, at("properties", "blocks", "items", "properties", "kind", enum=["paragraph", "image"]), 'gains "image"'),
    "written: a member inside of blocks": (CLEAN, at("properties", "blocks", "items", "properties", level=None), "level: is gone"),
    "written: a reason less": (DEAD, reasons(lambda found: found.remove("no-article")), 'loses "no-article"'),
    "written: a reason renamed": (DEAD, reasons(lambda found: found.__setitem__(0, "no-json")), 'loses "not-json"'),
    "read: required now": (RAW, required(add=["status"]), "status is required now"),
    "read: null not any more": (RAW, of("status", type="integer"), "type loses null"),
    "read: another type": (RAW, of("status", type=["string", "null"]), "type loses integer"),
    "read: a narrower limit": (RAW, of("url", maxLength=2048), "maxLength is narrower"),
    "read: a limit where none was": (RAW, of("content_type", maxLength=100), "maxLength is narrower"),
    "read: a higher minimum": (RAW, of("status", minimum=200), "minimum is narrower"),
    "read: a pattern where none was": (RAW, of("content_type", pattern="^text/"), "pattern is new"),
    "read: another pattern": (RAW, of("url", pattern="^https:"), "cannot be judged"),
    "read: some values only": (RAW, of("content_type", enum=["text/html"]), "enum is new"),
    "read: closed": (RAW, at(additionalProperties=False), "additionalProperties: is not allowed"),
    "read: other bodies": (RAW, lambda found: found["oneOf"].pop(), "oneOf cannot be judged"),
    "read: a new choice": (RAW, at(anyOf=[{"required": ["status"]}]), "anyOf loses"),
}  # fmt: skip


@pytest.mark.parametrize("what", COMPATIBLE)
def test_what_harms_nobody_passes(what):
    name, change = COMPATIBLE[what]
    assert compatibility.breaks(f"{name}.v1", schema(name), changed(name, change)) == []


@pytest.mark.parametrize("what", INCOMPATIBLE)
def test_what_harms_somebody_is_named(what):
    name, change, told = INCOMPATIBLE[what]
    (fault, *more) = compatibility.breaks(f"{name}.v1", schema(name), changed(name, change))
    assert fault.startswith(f"{name}.v1")
    assert told in "\n".join([fault, *more])


DIFFERS = {
    "written: a reason more": "it knows no enumerations that users expect to grow",
    "written: a reason less": "it asks only whether a value is valid, not whether it still comes",
    "read: a new member": "an unknown member of that name may have had any type until now",
    "written: no format": "it takes a format for a comment",
    "written: another pattern": "it does not ask for patterns",
    "written: no pattern": "it does not ask for patterns",
    "written: a pattern in $defs": "it does not ask for patterns",
    "read: a pattern where none was": "it does not ask for patterns",
    "read: another pattern": "it does not ask for patterns",
    "an unknown keyword": "it can judge that one",
}
"""Where jsoncompat says otherwise, and why."""


UNANSWERED = {"a reference out of it"}
"""What jsoncompat gives no answer to; the rules here refuse it."""


@pytest.mark.parametrize("what", [*COMPATIBLE, *INCOMPATIBLE])
def test_another_tool_judges_the_same_but_for_what_is_known(what):
    name, change, *_ = {**COMPATIBLE, **INCOMPATIBLE}[what]
    before, after = schema(name), changed(name, change)
    if before["$id"] != after["$id"] or before["$schema"] != after["$schema"]:
        return
    # It takes the `$id` for an address that it cannot reach, and cannot compare a `oneOf` with
    # itself: whatever else is changed beside it is incompatible then.
    left_out = {"$id"} | ({"oneOf"} if what != "read: other bodies" else set())
    old, new = (
        json.dumps({k: v for k, v in one.items() if k not in left_out}) for one in (before, after)
    )
    role = "deserializer" if f"{name}.v1" in compatibility.READ else "serializer"
    try:
        says = jsoncompat.check_compat(old, new, role)
    except ValueError as error:
        assert what in UNANSWERED, error
    else:
        assert (says == (what in COMPATIBLE)) == (what not in DIFFERS)


def test_the_schemas_keep_what_the_last_release_promised():
    assert compatibility.compared(RELEASED, compatibility.SCHEMAS) == []
    assert {path.stem for path in RELEASED.glob("*.json")} >= compatibility.READ
    for name, path in compatibility.OPEN:
        node = schema(name.partition(".")[0])
        for step in path.split("/")[1:]:
            node = node[step]
        assert "more reasons" in node["description"]


@pytest.mark.parametrize("name", [CLEAN, "article-details", COPY, DEAD])
def test_what_is_written_now_is_valid_by_the_released_schema(name):
    released = json.loads((RELEASED / f"{name}.v1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(released).validate(example(name))


def test_the_command_compares_records_and_refuses(tmp_path):
    now, released = tmp_path / "now", tmp_path / "released"
    now.mkdir()

    def run(*more):
        places = ["--released", str(released), "--current", str(now)]
        return CliRunner().invoke(compatibility.main, [*places, *more])

    def write(found):
        (now / "clean-article.v1.json").write_text(json.dumps(found))

    write(schema(CLEAN))
    nothing = run()
    assert nothing.exit_code == 1
    assert "has no schemas" in nothing.output
    assert run("--record").output == "recorded clean-article.v1\n"
    assert run().exit_code == 0
    write(changed(CLEAN, of("text", minLength=0)))
    for arguments in ((), ("--record",)):
        refused = run(*arguments)
        assert refused.exit_code == 1
        assert "clean-article.v1/properties/text: minLength is wider" in refused.output
    (now / "clean-article.v1.json").unlink()
    assert "clean-article.v1 is gone" in run().output


SMALL = {
    "type": "object",
    "required": ["a", "b"],
    "properties": {
        "a": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
        "b": {"type": "string", "minLength": 1, "maxLength": 4},
        "c": {"enum": ["x", "y", None, 1]},
        "d": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 3},
        "e": {"anyOf": [{"type": "boolean"}, {"type": "number", "minimum": 2}]},
        "f": {"type": "object", "properties": {"g": {"type": "string"}}, "required": ["g"]},
        "h": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
}
VALUES = {
    "type": ["string", "integer", "number", "null", "boolean", ["string", "null"], ["integer", "null"], "object", "array"],
    "minimum": [-1, 0, 1, 2, 5],
    "maximum": [3, 9, 10],
    "minLength": [0, 1, 2],
    "maxLength": [2, 4, 5],
    "maxItems": [1, 3, 4],
    "minItems": [0, 1],
    "enum": [["x"], ["x", "y", None, 1, 2], [1, 2], ["x", "z"]],
    "const": ["x", 1],
    "required": [[], ["a"], ["g"], ["a", "b", "c"]],
    "items": [{"type": "integer"}, {"type": "string"}, {}],
    "additionalProperties": [False, True, {"type": "integer"}, {"type": "string"}],
    "anyOf": [[{"type": "boolean"}], [{"type": "number"}, {"type": "boolean"}], [{"type": "string"}]],
}  # fmt: skip


def nodes_of(found):
    if isinstance(found, dict):
        yield found
        for key in ("properties", "items", "additionalProperties"):
            below = found.get(key)
            for one in below.values() if key == "properties" and below else [below]:
                yield from nodes_of(one)


@st.composite
def small_schemas(draw):
    """A small schema after some changes, each of any kind."""
    made = copy.deepcopy(SMALL)
    for _ in range(draw(st.integers(1, 3))):
        node = draw(st.sampled_from(list(nodes_of(made))))
        keyword = draw(st.sampled_from([*VALUES, *(one for one in node if one in VALUES)] * 1))
        if draw(st.booleans()) and keyword in node:
            del node[keyword]
        else:
            node[keyword] = copy.deepcopy(draw(st.sampled_from(VALUES[keyword])))
        if draw(st.integers(0, 3)) == 0 and node.get("properties"):
            name = draw(st.sampled_from(sorted(node["properties"])))
            node["properties"][draw(st.sampled_from("xyz"))] = node["properties"].pop(name)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", ["written.v1", "raw-page.v1"])
@hypothesis.settings(max_examples=100, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(made=small_schemas(), data=st.data())
def test_what_is_judged_compatible_is_so_for_every_value(name, made, data):
    hypothesis.assume(compatibility.breaks(name, SMALL, made) == [])
    tight, loose = (SMALL, made) if name in compatibility.READ else (made, SMALL)
    for value in data.draw(st.lists(values_of(tight), min_size=1, max_size=5)):
        # A member that is new to the reader is the exception that the rules make.
        is_read = name in compatibility.READ
        sent = without_new_members(value, made) if is_read else value
        jsonschema.Draft202012Validator(loose).validate(sent)


def without_new_members(value, made):
    new = made.get("properties", {}).keys() - SMALL["properties"].keys()
    kept = {one: found for one, found in value.items() if one not in new}
    for member, node in made.get("properties", {}).items():
        if isinstance(kept.get(member), dict) and member in SMALL["properties"]:
            known = SMALL["properties"][member].get("properties", {})
            more = node.get("properties", {}).keys() - known.keys()
            kept[member] = {one: found for one, found in kept[member].items() if one not in more}
    return kept


@pytest.mark.parametrize("what", [one for one, (name, _) in COMPATIBLE.items() if name != RAW])
@hypothesis.settings(max_examples=20)
@hypothesis.given(data=st.data())
def test_what_is_written_after_a_compatible_change_is_valid_by_the_schema_before(what, data):
    name, change = COMPATIBLE[what]
    old, new = schema(name), changed(name, change)
    members = resolved(new)["properties"]
    differ = {
        member: values_of(node)
        for member, node in members.items()
        if node != resolved(old)["properties"].get(member)
    }
    event = {**example(name), **data.draw(st.fixed_dictionaries(differ))}
    jsonschema.Draft202012Validator(new).validate(event)
    if what == "written: a reason more":
        old["properties"]["cleanwire.reason"].pop("enum")
    jsonschema.Draft202012Validator(old).validate(event)
