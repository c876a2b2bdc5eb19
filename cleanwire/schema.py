"""The JSON Schemas of the events, as the package carries them.

Invariant: an installed package and a checkout give the same schemas. The wheel holds them beside
this module; a checkout has them in its top folder.
"""

import importlib.resources
import json
from importlib.resources.abc import Traversable
from typing import Any

_HERE = importlib.resources.files("cleanwire")


def schema(name: str) -> dict[str, Any]:
    """A JSON Schema (2020-12).

    Args:
        name: of the event and its version: `raw-page.v1`, `clean-article.v1`,
            `article-details.v1`, `duplicate-article.v1`, `flat-article.v1`, `rejected-page.v1`.

    Raises:
        FileNotFoundError: there is no schema of this name.
    """
    text = folder().joinpath(f"{name}.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def folder() -> Traversable:
    """The folder with the schemas, and with `examples/`, which has one event of each."""
    packaged = _HERE / "schemas"
    return packaged if packaged.is_dir() else _HERE / ".." / "schemas"
