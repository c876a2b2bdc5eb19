"""A block with an HTTP response -> its status, its headers and its body.

Invariant: responses of HTTP/0.9 to HTTP/3 are read in the same way, with the line ends and the
bytes that servers really send (RFC 9112, sections 2 and 5). A block without a status line is no
response.
"""

import dataclasses
import re

from cleanwire.page.archive.records import as_text

_STATUS = re.compile(
    rb"HTTP(?:/\d{1,2}(?:\.\d{1,2})?)?[ \t]{1,8}(\d{3})(?![^ \t\r\n])", re.IGNORECASE
)
_END = re.compile(rb"\r?\n(?:\r?\n|\Z)|\Z")
_MOST_HEADER = 1 << 18
_INTERIM = range(100, 200)
_MOST_INTERIM = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """An HTTP response.

    Attributes:
        status: the status code.
        headers: the values by name, as they are written. If a name occurs twice, its values are
            joined by a comma and a blank (RFC 9110, section 5.3).
        body: the body, its codings not undone.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    def get(self, name: str) -> str | None:
        """The value of a header; None if there is none.

        Args:
            name: in lower case; the header may have any case.
        """
        values = [value for written, value in self.headers.items() if written.lower() == name]
        return ", ".join(values) if values else None


def read_message(block: bytes) -> Message | None:
    """The response in a block, after any interim responses (1xx).

    Returns:
        The response; None if the block does not begin with a status line, or if there are only
        interim responses.
    """
    for _ in range(_MOST_INTERIM):
        start = block[:_MOST_HEADER].lstrip(b"\r\n")
        found = _STATUS.match(start)
        if found is None:
            return None
        skipped = min(len(block), _MOST_HEADER) - len(start)
        end = _END.search(start)
        head, after = (start[: end.start()], end.end()) if end else (start, len(start))
        message = Message(int(found[1]), _headers(head), block[skipped + after :])
        if message.status not in _INTERIM or not message.body:
            return message
        block = message.body
    return None


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    last = ""
    for line in head.split(b"\n")[1:]:
        text = as_text(line.rstrip(b"\r"))
        if text[:1] in {" ", "\t"} and last:
            headers[last] += f" {text.strip()}"
            continue
        name, colon, value = text.partition(":")
        last = name.strip() if colon else ""
        if last:
            headers[last] = ", ".join(filter(None, (headers.get(last, ""), value.strip())))
    return headers
