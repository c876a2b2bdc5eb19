"""A bare page: one file, HTML or text.

Invariant: the URL of a bare file is its file URI, and its fetch time is the file's modification
time, so the same file has the same id every time.
"""

import datetime as dt
import os
import stat
from pathlib import Path
from typing import BinaryIO

from streams.errors import OperationalError
from streams.sources.input import InputPage, page_event, place, refused, shown

_TYPES = {
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".txt": "text/plain",
}


def bare_page(  # noqa: PLR0913 - a file or a stream, and what the command line says of it
    path: Path | None,
    limit: int,
    url: str | None,
    content_type: str | None,
    *,
    head: bytes = b"",
    stream: BinaryIO | None = None,
) -> InputPage:
    """Read the page in a file, or on a stream.

    Args:
        path: the file; None for a stream.
        limit: bytes of the largest event.
        url: the page's URL; None takes the file's URI.
        content_type: the page's content type; None takes what the file's name says.
        head: bytes of the stream that have been read already.
        stream: the rest of the stream. Its fetch time is now.

    Returns:
        The page; with a `refusal` if it is too large.

    Raises:
        OperationalError: the path is no regular file.
        OSError: the file cannot be read.
    """
    source = place(shown(path or "-"), 0)
    if path is None or stream is not None:
        body = head + (stream.read(limit) if stream is not None else b"")
        fetched = dt.datetime.now(dt.UTC)
    else:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise OperationalError(
                f"{shown(path)} is no regular file", "name a file, a folder or -"
            )
        if info.st_size > limit:
            return refused(source, info.st_size, limit)
        body = path.read_bytes()
        fetched = dt.datetime.fromtimestamp(info.st_mtime, dt.UTC)
    return page_event(
        source=source,
        limit=limit,
        url=url or (path.resolve().as_uri() if path is not None else "file:///dev/stdin"),
        fetched_at=fetched.isoformat(timespec="seconds").replace("+00:00", "Z"),
        content_type=content_type or _TYPES.get(os.path.splitext(path or "")[1].lower()),  # noqa: PTH122 - a str or a Path
        body=body,
    )
