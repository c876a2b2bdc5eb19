"""Reads schemas for the scripts: with every reference replaced by what it names.

Invariant: nothing of a schema gets lost. A reference that cannot be replaced is an error.
"""

from collections.abc import Mapping
from typing import Any


class UnresolvableError(ValueError):
    """A reference leads out of its schema, or in a circle."""


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without `$ref` and `$defs`. Members beside a `$ref` win over those that it names.

    Raises:
        UnresolvableError: a reference names nothing in the schema's `$defs`, or itself.
    """
    definitions = schema.get("$defs", {})

    def walk(found: Any, seen: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(found, list):
            return [walk(one, seen) for one in found]
        if not isinstance(found, dict):
            return found
        if isinstance(name := found.get("$ref"), str):
            short = name.removeprefix("#/$defs/")
            if short not in definitions or name in seen:
                raise UnresolvableError(f"the reference {name} cannot be replaced")
            beside = {one: value for one, value in found.items() if one != "$ref"}
            return walk({**definitions[short], **beside}, (*seen, name))
        return {one: walk(value, seen) for one, value in found.items() if one != "$defs"}

    whole: dict[str, Any] = walk(dict(schema))
    return whole
