"""Writes the tables of docs/reference/ that follow from the code: `python scripts/reference.py`.

A table is between `<!-- made: NAME -->` and `<!-- made end -->`; the rest of a page is written by
hand. `tests/test_docs.py` holds the pages to what this program would write.

Invariant: a table follows from the code alone, not from the machine, the environment or the time.
"""

import ast
import datetime as dt
import inspect
import itertools
import json
import re
import sys
import tempfile
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click
from annotated_types import Ge, Gt, Le
from prometheus_client.parser import text_string_to_metric_families
from pydantic.fields import FieldInfo

from cleanwire.errors import REASONS
from cleanwire.events import CleanArticle, Source
from cleanwire.schema import folder
from streams.cli.main import COMMANDS, cleanwire
from streams.kafka import headers
from streams.kafka.topics import specs
from streams.runtime.cloudevents import headers as cloudevents
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from helpers.exposition import everything  # noqa: E402 - found by the line above

PAGES = ROOT / "docs" / "reference"
EVENTS = (
    "raw-page",
    "clean-article",
    "article-details",
    "duplicate-article",
    "flat-article",
    "rejected-page",
)
WIDTH = 88
"""Columns of a help text."""

_MADE = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- made end -->)", re.DOTALL)
_OF_THE_MACHINE = {
    "clean_processes": "number of CPUs",
    "data_dir": "~/.local/share/cleanwire",
}
"""Defaults that differ from machine to machine, in words."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    cells = [head, ["---"] * len(head), *rows]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]
    return "\n".join(lines) + "\n"


def commands() -> str:
    """What each command does, and its help."""
    parent = click.Context(
        cleanwire, info_name="cleanwire", terminal_width=WIDTH, max_content_width=WIDTH
    )
    parts = [table(["command", "what"], ([f"`{n}`", what] for n, what in COMMANDS.items()))]
    for name in COMMANDS:
        command = cast("click.Command", cleanwire.get_command(parent, name))
        context = click.Context(
            command,
            info_name=name,
            parent=parent,
            terminal_width=WIDTH,
            max_content_width=WIDTH,
            help_option_names=["-h", "--help"],
        )
        parts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def settings() -> str:
    """Every setting: its default, what it accepts, what it is for."""
    rows = [
        [f"`{PREFIX}{name.upper()}`", _default(name, field), _accepted(field), field.description]
        for name, field in Settings.model_fields.items()
    ]
    return table(["variable", "default", "accepts", "what"], cast("list[list[str]]", rows))


def _default(name: str, field: FieldInfo) -> str:
    return _OF_THE_MACHINE.get(name) or _shown(field.default)


def _shown(value: object) -> str:
    if isinstance(value, dt.timedelta):
        hours = value.total_seconds() / 3600
        return f"{hours / 24:g}d" if hours % 24 == 0 else f"{hours:g}h"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.10g}"
    return "" if value is None else str(value)


def _accepted(field: FieldInfo) -> str:
    if values := [
        value
        for one in (field.annotation, *typing.get_args(field.annotation))
        if typing.get_origin(one) is typing.Literal
        for value in typing.get_args(one)
    ]:
        return ", ".join(f"`{value}`" for value in values)
    least, most, more = "", "", ""
    for one in field.metadata:
        if isinstance(one, Ge):
            least = f"{_shown(one.ge)} or more"
            more = f"{_shown(one.ge)} to "
        elif isinstance(one, Gt):
            least = least or "over 0"
            more = more or "over 0, up to "
        elif isinstance(one, Le):
            most = _shown(one.le)
    return f"{more}{most}" if most else least


def reasons() -> str:
    """Every rejection reason, and what it says."""
    return table(
        ["reason", "what"],
        ([f"`{name}`", inspect.getdoc(leaf).splitlines()[0]] for name, leaf in REASONS.items()),
    )


def metrics() -> str:
    """Every metric of Cleanwire: its type, its labels, what it says."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        text = everything(Path(folder))
    for family in text_string_to_metric_families(text):
        if not family.name.startswith("cleanwire_"):
            continue
        labels = [label for label in family.samples[0].labels if label != "le"]
        name = f"{family.name}_total" if family.type == "counter" else family.name
        rows.append([f"`{name}`", family.type, ", ".join(labels), family.documentation])
    return table(["metric", "type", "labels", "what"], rows)


def topics() -> str:
    """What `cleanwire topics` creates with the default settings."""
    rows = []
    for spec in specs(Settings.model_construct()):
        options = ", ".join(f"`{name}={value}`" for name, value in spec.config.items())
        rows.append([f"`{spec.name}`", f"{spec.partitions}{' or more' * spec.or_more}", options])
    return table(["topic", "partitions", "options"], rows)


def internal_headers() -> str:
    """The headers on records that only the stages read."""
    body = ast.parse(inspect.getsource(headers)).body
    rows = []
    for one, after in itertools.pairwise(body):
        if isinstance(one, ast.Assign) and isinstance(after, ast.Expr):
            name = getattr(headers, cast("ast.Name", one.targets[0]).id)
            text = cast("str", cast("ast.Constant", after.value).value)
            rows.append([f"`{name}`", " ".join(text.split())])
    return table(["header", "what"], rows)


def outcome_headers() -> str:
    """The headers of a published article, as they are on the record of the example."""
    example = _example("clean-article")
    event = CleanArticle(**{**example, "source": Source(**example["source"])})
    rows = [[f"`{name}`", f"`{value.decode()}`"] for name, value in cloudevents(event)]
    return table(["header", "value for the example"], rows)


def dead_letter_headers() -> str:
    """The headers that a dead letter has beside the original's."""
    schema = _schema("rejected-page")
    rows = [[f"`{name}`", _what(found, schema)] for name, found in schema["properties"].items()]
    return table(["header", "what"], rows)


def _example(name: str) -> dict[str, Any]:
    text = (folder() / "examples" / f"{name}.v1.json").read_text("utf-8")
    return cast("dict[str, Any]", json.loads(text))


def _schema(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads((folder() / f"{name}.v1.json").read_text("utf-8")))


def _members(name: str) -> str:
    schema = _schema(name)
    required = schema.get("required", [])
    rows = [
        [
            f"`{member}`",
            _type(found, schema),
            "yes" if member in required else "",
            _what(found, schema),
        ]
        for member, found in schema["properties"].items()
    ]
    return table(["member", "type", "required", "what"], rows)


def _resolved(found: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = found.get("$ref", "").rpartition("/")[2]
    return {**schema["$defs"][reference], **found} if reference else found


def _what(found: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    return str(_resolved(found, schema).get("description", ""))


def _type(found: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    found = _resolved(found, schema)
    if "enum" in found:
        return " or ".join(f"`{value}`" for value in found["enum"])
    if "const" in found:
        return f"`{found['const']}`"
    if choices := found.get("anyOf") or found.get("oneOf"):
        return " or ".join(_type(one, schema) for one in choices)
    kinds = found.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    items = found.get("items")
    return " or ".join(
        f"array of {_type(items, schema)}" if kind == "array" and items else kind for kind in kinds
    )


def events() -> str:
    """The members of each event, and an example of it."""
    parts = []
    for name in EVENTS:
        schema = _schema(name)
        example = json.dumps(_example(name), indent=2, ensure_ascii=False)
        parts.append(
            f"## {name}\n\n{schema['description']}\n\n{_members(name)}\n"
            f"<!-- schema: {name}.v1 -->\n\n```json\n{example}\n```\n"
        )
    return "\n".join(parts)


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "reasons": reasons,
    "metrics": metrics,
    "topics": topics,
    "internal-headers": internal_headers,
    "outcome-headers": outcome_headers,
    "dead-letter-headers": dead_letter_headers,
    "events": events,
}


def filled(page: str) -> str:
    """A page with its tables written anew.

    Raises:
        KeyError: the page asks for a table that there is not.
    """
    return _MADE.sub(lambda m: f"{m[1]}\n{TABLES[m[2]]()}\n{m[3]}", page)


def main() -> int:
    """Write the pages that are not as the code has them, and name them."""
    for path in sorted(PAGES.glob("*.md")):
        text = path.read_text("utf-8")
        made = filled(text)
        if made != text:
            path.write_text(made, "utf-8")
            print(path.relative_to(PAGES.parents[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
