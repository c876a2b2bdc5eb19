"""Reads the schema.org data in a page's JSON-LD scripts.

Invariant: whatever the scripts contain, the result is a list of JSON objects. A broken script is
repaired if that is safe, and left out otherwise.
"""

import collections
import html
import json
import re
from collections.abc import Iterable
from typing import Any

import orjson
from selectolax.lexbor import LexborNode

ARTICLES = frozenset(
    (
        "article newsarticle blogposting reportagenewsarticle analysisnewsarticle "
        "opinionnewsarticle backgroundnewsarticle reviewnewsarticle liveblogposting techarticle "
        "scholarlyarticle advertisercontentarticle askpublicnewsarticle socialmediaposting report "
        "review"
    ).split()
)

MAX_SCRIPT = 1 << 20
"""The most characters of a script that is read."""

MAX_NODES = 500
"""The most objects of a page."""

_CDATA = "<![CDATA["
_CDATA_WITHIN = 200
_COMMENT = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*"?)|//[^\n]{0,500}|/\*.{0,2000}?\*/', re.DOTALL)
"""A comment of JavaScript; or a string, in which two slashes are no comment."""

_VALUE = re.compile(r"[{\[]")
_DECODER = json.JSONDecoder(strict=False)
_TRAILING_COMMA = re.compile(r",(\s{0,200})([}\]])")


def read_jsonld(scripts: Iterable[LexborNode]) -> list[dict[str, Any]]:
    """All objects with an `@type` in a page's JSON-LD scripts, articles first."""
    nodes: list[dict[str, Any]] = []
    for script in scripts:
        nodes.extend(_objects(_parsed(script.text() or "")))
    return sorted(nodes[:MAX_NODES], key=lambda node: not is_article(node))


def is_article(node: dict[str, Any]) -> bool:
    """Whether an object is an article of any kind."""
    return not ARTICLES.isdisjoint(types(node))


def types(node: dict[str, Any]) -> list[str]:
    """The names of an object's types, in lower case, without the URL of their vocabulary."""
    declared = as_list(node.get("@type"))
    return [kind.rpartition("/")[2].lower() for kind in declared if isinstance(kind, str)]


def as_list(value: object) -> list[Any]:
    """A value as a list: JSON-LD may have one value in the place of a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text_of(value: object) -> str | None:
    """The first text among one value or many; None if there is none."""
    for item in as_list(value):
        if isinstance(item, str) and item.strip():
            return item
        if isinstance(item, dict) and isinstance(item.get("@value"), str):
            return str(item["@value"])
    return None


def first_field(nodes: Iterable[dict[str, Any]], name: str) -> Any:  # noqa: ANN401 - any JSON
    """The first value that is not empty of a field in objects; None if there is none."""
    return next((node[name] for node in nodes if node.get(name)), None)


def publisher_of(nodes: Iterable[dict[str, Any]]) -> str | None:
    """The first name of a publisher in objects; None if there is none."""
    for node in nodes:
        for publisher in as_list(node.get("publisher")):
            name = text_of(publisher.get("name")) if isinstance(publisher, dict) else None
            if name:
                return name
    return None


def _parsed(script: str) -> object:
    """The JSON value of a script; None if it is broken or larger than `MAX_SCRIPT`."""
    if len(script) > MAX_SCRIPT:
        return None
    text = script.strip().removeprefix("\ufeff").removeprefix("<!--").removesuffix("-->")
    if _CDATA in text[:_CDATA_WITHIN]:
        text = _without_cdata(text)
    text = text.strip().rstrip(";")
    if text.startswith(("{&quot;", "[{&quot;")):
        text = html.unescape(text)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _repaired(text)


def _repaired(text: str) -> object:
    """The JSON values of a script with comments, commas that are too many or several values.

    Returns:
        All values up to the first that is broken, as a list; None if there are none.
    """
    text = _TRAILING_COMMA.sub(r"\1\2", _COMMENT.sub(lambda found: found["string"] or " ", text))
    values: list[object] = []
    at = 0
    while len(values) < MAX_NODES and (start := _VALUE.search(text, at)):
        try:
            value, at = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            break
        values.append(value)
    return values or None


def _without_cdata(text: str) -> str:
    """A script without its CDATA marks and the comments around them."""
    text = text[text.index(_CDATA) + len(_CDATA) :]
    end = text.rfind("]]>")
    text = text[:end] if end >= 0 else text
    starts = [at for mark in "{[" if (at := text.find(mark)) >= 0]
    return text[min(starts, default=0) : max(text.rfind("}"), text.rfind("]")) + 1]


def _objects(value: object) -> list[dict[str, Any]]:
    """The objects with a type in a JSON value: in its lists, graphs and main entities."""
    found: list[dict[str, Any]] = []
    waiting = collections.deque([value])
    while waiting and len(found) < MAX_NODES:
        item = waiting.popleft()
        if isinstance(item, list):
            waiting.extend(item[:MAX_NODES])
        elif isinstance(item, dict):
            if "@type" in item:
                found.append(item)
            waiting.extend(as_list(item.get("@graph"))[:MAX_NODES])
            waiting.extend((item.get("mainEntity"), item.get("mainEntityOfPage")))
    return found
