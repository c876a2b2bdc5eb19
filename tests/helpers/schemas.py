"""The event schemas, their examples, and validators of them."""

import json

import jsonschema

from cleanwire.schema import folder

FOLDER = folder()


def schema(name):
    return json.loads((FOLDER / f"{name}.v1.json").read_text("utf-8"))


def example(name):
    return json.loads((FOLDER / "examples" / f"{name}.v1.json").read_text("utf-8"))


def validator(name):
    return jsonschema.Draft202012Validator(
        schema(name), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
