"""Compares the schemas with those of the last release: `python scripts/schema_compatibility.py`.

Exits 1 and names each change that breaks a user's program. `--record` makes the schemas the
released ones; a release does that, once they are compatible.

Invariant: a change passes only if the rules below prove it compatible. What they cannot judge is
refused. Two changes pass that a proof would refuse, because a user's program survives them: a
member is added to what is read, though a program may have sent another one of that name; and a
value is added to an enumeration of `OPEN`.

What Cleanwire writes has to be valid by the released schema: members may be added, and nothing may
be taken away, renamed, retyped or widened. What it reads has to stay valid: limits may only widen.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import jsonschema

sys.path.insert(0, str(Path(__file__).resolve().parent))
from schema_nodes import UnresolvableError, resolved

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
READ = frozenset({"raw-page.v1"})
"""The schemas of what Cleanwire reads; all others describe what it writes."""

OPEN = frozenset({("rejected-page.v1", "/properties/cleanwire.reason")})
"""Enumerations that may gain values and lose none: their description tells users to expect more."""

Node = Mapping[str, Any]

_SAYS_NOTHING = frozenset(
    {"title", "description", "$comment", "examples", "default", "deprecated", "$schema", "$id"}
)
_LEAST = {"minimum": ("integer", "number"), "minLength": ("string",), "minItems": ("array",)}
_MOST = {"maximum": ("integer", "number"), "maxLength": ("string",), "maxItems": ("array",)}
_THE_SAME = {
    "pattern": ("string",),
    "format": ("string",),
    "contentEncoding": ("string",),
    "oneOf": (),
}
"""Keywords of which only equality can be judged, and the types that they are about."""

_JUDGED = frozenset(
    {"type", "enum", "const", "required", "properties", "additionalProperties", "items", "anyOf"}
)
_KNOWN = _SAYS_NOTHING | _JUDGED | _LEAST.keys() | _MOST.keys() | _THE_SAME.keys()
_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


def breaks(name: str, old: Node, new: Node) -> list[str]:
    """The changes of a schema that break a user's program, a line each.

    Args:
        name: of the schema and its version.
        old: as it was released.
        new: as it is now.
    """
    found = [
        f"{name}: {key} is {new.get(key)!r}, not {old.get(key)!r}; a new version gets a new name"
        for key in ("$id", "$schema")
        if old.get(key) != new.get(key)
    ]
    try:
        before, after = resolved(old), resolved(new)
    except UnresolvableError as error:
        return [*found, f"{name}: cannot be judged: {error}"]
    comparison = _Comparison(name, is_read=name in READ)
    tight, loose = (before, after) if name in READ else (after, before)
    return [*found, *(f"{name}{line}" for line in comparison.faults(tight, loose, ""))]


class _Comparison:
    """Whether every value that one schema allows is allowed by another one, and where not.

    `tight` is the schema whose values have to be allowed, `loose` the one that has to allow them.
    """

    def __init__(self, name: str, *, is_read: bool) -> None:
        self._name = name
        self._is_read = is_read

    def faults(self, tight: Any, loose: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - a schema may be a boolean
        if tight == loose or loose is True or tight is False:
            return
        if isinstance(tight, bool) or isinstance(loose, bool):
            tight, loose = ({} if one is True else one for one in (tight, loose))
        if loose is False:
            yield f"{path}: is not allowed any more" if self._is_read else f"{path}: is allowed now"
            return
        if unknown := sorted((tight.keys() | loose.keys()) - _KNOWN):
            yield f"{path}: cannot be judged: {', '.join(unknown)}"
            return
        if "enum" in tight or "const" in tight:
            yield from self._values(tight, loose, path)
            return
        types = _types(tight)
        yield from self._plain(tight, loose, types, path)
        if "anyOf" in tight or "anyOf" in loose:
            yield from self._any_of(tight, loose, path)
        if "object" in types:
            yield from self._object(tight, loose, path)
        if "array" in types and "items" in loose:
            yield from self.faults(tight.get("items", True), loose["items"], f"{path}/items")

    def _values(self, tight: Node, loose: Node, path: str) -> Iterator[str]:
        values = tight.get("enum", [tight.get("const")])
        allowed = jsonschema.Draft202012Validator(loose)
        ours = jsonschema.Draft202012Validator(tight)
        if (self._name, path) in OPEN and "enum" in loose:
            lost = [value for value in loose["enum"] if value not in values]
            others = {key: one for key, one in loose.items() if key != "enum"}
            allowed = jsonschema.Draft202012Validator(others)
        else:
            lost = []
        more = [value for value in values if ours.is_valid(value) and not allowed.is_valid(value)]
        for what, which in (("loses", lost), (self._word("gains", "loses"), more)):
            if which:
                yield f"{path}: {what} {', '.join(json.dumps(value) for value in which)}"

    def _plain(self, tight: Node, loose: Node, types: frozenset[str], path: str) -> Iterator[str]:
        for keyword in ("enum", "const"):
            if keyword in loose:
                yield f"{path}: {keyword} is {self._word('gone', 'new')}"
        if more := sorted(kind for kind in types if not _has(_types(loose), kind)):
            yield f"{path}: type {self._word('gains', 'loses')} {', '.join(more)}"
        yield from self._limits(tight, loose, types, path)
        for keyword, kinds in _THE_SAME.items():
            concerns = not kinds or types & set(kinds)
            if keyword in loose and concerns and tight.get(keyword) != loose[keyword]:
                fault = "is gone" if keyword not in tight else "cannot be judged: it is another one"
                if self._is_read and keyword not in tight:
                    fault = "is new"
                yield f"{path}: {keyword} {fault}"

    def _limits(self, tight: Node, loose: Node, types: frozenset[str], path: str) -> Iterator[str]:
        for limits, sign in ((_LEAST, 1), (_MOST, -1)):
            for keyword, kinds in limits.items():
                mine, theirs = tight.get(keyword), loose.get(keyword)
                if theirs is None or not types & set(kinds):
                    continue
                if mine is None or sign * mine < sign * theirs:
                    yield f"{path}: {keyword} {self._word('is wider', 'is narrower')}"

    def _any_of(self, tight: Node, loose: Node, path: str) -> Iterator[str]:
        if tight.get("anyOf") == loose.get("anyOf") or "anyOf" not in loose:
            return
        branches = tight.get("anyOf", [{k: v for k, v in tight.items() if k not in _SAYS_NOTHING}])
        if "anyOf" in tight and tight.keys() - _SAYS_NOTHING != {"anyOf"}:
            yield f"{path}: cannot be judged: anyOf beside other keywords"
            return
        for number, branch in enumerate(branches):
            if all(any(self.faults(branch, one, path)) for one in loose["anyOf"]):
                yield f"{path}: anyOf {self._word('gains', 'loses')} a choice ({number})"

    def _object(self, tight: Node, loose: Node, path: str) -> Iterator[str]:
        for member in loose.get("required", ()):
            if member not in tight.get("required", ()):
                yield f"{path}: {member} is {self._word('not required any more', 'required now')}"
        ours, theirs = tight.get("properties", {}), loose.get("properties", {})
        others = tight.get("additionalProperties", True)
        for member, node in theirs.items():
            below = f"{path}/properties/{member}"
            if member in ours:
                yield from self.faults(ours[member], node, below)
            elif others is not True:
                yield from self.faults(others, node, below)
            elif not self._is_read and node not in (True, {}):
                yield f"{below}: is gone"
        rest = loose.get("additionalProperties", True)
        for member in ours.keys() - theirs.keys():
            yield from self.faults(ours[member], rest, f"{path}/properties/{member}")
        yield from self.faults(others, rest, f"{path}/additionalProperties")

    def _word(self, written: str, read: str) -> str:
        return read if self._is_read else written


def _types(node: Node) -> frozenset[str]:
    kinds = node.get("type", _TYPES)
    return frozenset([kinds] if isinstance(kinds, str) else kinds)


def _has(kinds: frozenset[str], kind: str) -> bool:
    return kind in kinds or (kind == "integer" and "number" in kinds)


def compared(released: Path, current: Path) -> list[str]:
    """The changes between two folders of schemas that break a user's program."""
    found = []
    for path in sorted(released.glob("*.v*.json")):
        now = current / path.name
        if not now.exists():
            found.append(f"{path.stem} is gone; a released schema stays")
            continue
        old, new = (json.loads(one.read_text("utf-8")) for one in (path, now))
        found += breaks(path.stem, old, new)
    return found


@click.command()
@click.option("--record", is_flag=True, help="Make the schemas the released ones.")
@click.option("--released", type=click.Path(path_type=Path), default=SCHEMAS / "released")
@click.option("--current", type=click.Path(path_type=Path), default=SCHEMAS)
def main(*, record: bool, released: Path, current: Path) -> None:
    """Name what breaks the users of the released schemas; exit 1 if anything does."""
    if not record and not any(released.glob("*.v*.json")):
        raise click.ClickException(f"{released} has no schemas; a release makes it with --record")
    found = compared(released, current)
    for line in found:
        click.echo(line)
    if found:
        click.echo("make the change in a way that adds only, or as a new version under a new name")
        sys.exit(1)
    if record:
        released.mkdir(exist_ok=True)
        for path in sorted(current.glob("*.v*.json")):
            (released / path.name).write_bytes(path.read_bytes())
            click.echo(f"recorded {path.stem}")
    else:
        click.echo("the schemas are compatible with the released ones")


if __name__ == "__main__":
    main()
