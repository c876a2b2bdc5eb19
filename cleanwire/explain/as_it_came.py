"""What can be told of a body before it is parsed: its size, its type, and who declared its charset.

Invariant: nothing is decoded here. The charset is what `page.charset` decided. Who declared it
follows from what each witness declares, in the order in which `page.charset` believes them.
"""

import dataclasses
from collections.abc import Mapping

import webencodings

from cleanwire.explain.explanation import MOST_URL, AsItCame, shown
from cleanwire.page.charset import BOMS
from cleanwire.page.mime import content_type as parsed_type
from cleanwire.page.prescan import declared_in
from cleanwire.page.raw_page import Content


@dataclasses.dataclass(frozen=True, slots=True)
class Fetched:
    """A body with what is known of its fetch.

    Attributes:
        body: as for `clean_page`.
        url: where the page was fetched.
        content_type: the HTTP header.
        fetched_at: when the page was fetched.
        status: the HTTP status.
        headers: the response headers.
    """

    body: str | bytes
    url: str | None = None
    content_type: str | None = None
    fetched_at: str | None = None
    status: int | None = None
    headers: Mapping[str, str] | None = None


def as_it_came(page: Fetched, content: Content | None) -> AsItCame:
    """The facts of a body.

    Args:
        page: the page as it was fetched.
        content: the decoded page; None if it could not be decoded.
    """
    body = page.body
    declared = _declared(body, page.content_type)
    charset = content.charset if content is not None else None
    return AsItCame(
        url=None if page.url is None else shown(page.url, MOST_URL),
        fetched_at=None if page.fetched_at is None else shown(page.fetched_at),
        status=page.status,
        size=len(body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")),
        content_type=None if page.content_type is None else shown(page.content_type),
        kind=content.kind if content is not None else None,
        charset=charset,
        charset_by=None if content is None else _declared_by(body, charset, declared),
        declared=declared,
    )


def _declared(body: str | bytes, content_type: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    _, label = parsed_type(content_type)
    if isinstance(body, bytes):
        for bom, name in BOMS:
            if body.startswith(bom):
                found["BOM"] = name
    if label:
        encoding = webencodings.lookup(label)
        known = shown(label, 40) if encoding is None else str(encoding.name)
        found["header"] = known if encoding is not None else f"{known} (unknown)"
    if isinstance(body, bytes) and (names := declared_in(body)):
        found["meta"] = names[0]
    return found


def _declared_by(body: str | bytes, charset: str | None, declared: Mapping[str, str]) -> str:
    if isinstance(body, str):
        return "event"
    if "BOM" in declared:
        return "BOM"
    if (charset == "utf-8" and not body.isascii()) or charset == "iso-2022-jp":
        # Characters of UTF-8 and escapes of ISO-2022-JP are no accident: no declaration is believed
        # before them.
        return "the bytes"
    for witness in ("header", "meta"):
        if declared.get(witness) == charset:
            return witness
    return "the bytes" if body.isascii() else "detection"
