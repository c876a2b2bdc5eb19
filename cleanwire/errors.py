"""Why a page is rejected: one exception tree, each leaf a rejection reason.

::

    CleanwireError
    └── PageRejected
        ├── NotJson            not-json           the record's value is no JSON object
        ├── InvalidEvent       invalid-event      JSON, but no raw-page event
        ├── HttpError          http-error         fetched with status 206 or one outside 200 to 299
        ├── UnsupportedType    unsupported-type   neither HTML nor plain text
        ├── Undecodable        undecodable        bytes that are text in no charset, or mojibake
        ├── TooLarge           too-large          over the page or message limit
        ├── NoArticle          no-article         home page, link list, error page, empty body
        ├── TimeLimit          time-limit         cleaning took longer than allowed
        ├── ParserCrashed      parser-crashed     the cleaning process died
        └── Withdrawn          withdrawn          taken down

Invariant: a `PageRejected` concerns one page and is final for it. An operational error (a broker
that is away, a full disk) is never in this tree, because an error of this tree costs the page.
"""

from typing import ClassVar


class CleanwireError(Exception):
    """Base of everything that the core raises on purpose."""


class PageRejected(CleanwireError):  # noqa: N818 - the field's word, and the schema's
    """A page that gives no article.

    Attributes:
        reason: the stable, machine-readable reason; each leaf class has its own.
        detail: one line for people; it names the fault and never quotes the page's body.
    """

    reason: ClassVar[str] = ""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class NotJson(PageRejected):
    """The record's value is no JSON object (RFC 8259)."""

    reason = "not-json"


class InvalidEvent(PageRejected):
    """JSON, but not a raw-page event by `schemas/raw-page`."""

    reason = "invalid-event"


class HttpError(PageRejected):
    """The fetch ended with an HTTP status outside 200 to 299, or with 206, a part of a page."""

    reason = "http-error"


class UnsupportedType(PageRejected):
    """Neither HTML nor plain text, by its content type or its first bytes."""

    reason = "unsupported-type"


class Undecodable(PageRejected):
    """The body's bytes are text in no charset that was declared or detected, or are mojibake."""

    reason = "undecodable"


class TooLarge(PageRejected):
    """The page, or the event made of it, is over a size limit."""

    reason = "too-large"


class NoArticle(PageRejected):
    """Nothing on the page is an article: home page, link list, error page, empty body."""

    reason = "no-article"


class TimeLimit(PageRejected):
    """Cleaning took longer than the limit for one page; its process was killed."""

    reason = "time-limit"


class ParserCrashed(PageRejected):
    """The process that cleaned the page died."""

    reason = "parser-crashed"


class Withdrawn(PageRejected):
    """The page was taken down; it is rejected without its value."""

    reason = "withdrawn"


REASONS: dict[str, type[PageRejected]] = {
    leaf.reason: leaf
    for leaf in (
        NotJson,
        InvalidEvent,
        HttpError,
        UnsupportedType,
        Undecodable,
        TooLarge,
        NoArticle,
        TimeLimit,
        ParserCrashed,
        Withdrawn,
    )
}
"""Every rejection reason and its exception."""
