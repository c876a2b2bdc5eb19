"""HTML, text, JSONL and WARC files -> raw-page events.

The rule here: what comes out is exactly what would go on the bus, so that a file cleaned at
home and the same file published lead to the same outcomes. Nothing is read whole but a page.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from streams.faults import OperationError
from streams.sources.files import bare_page
from streams.sources.input import InputPage
from streams.sources.jsonl import read_jsonl
from streams.sources.warc import read_warc

STDIN = "-"
_JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_WARC = (".warc", ".warc.gz")
_HEAD = 1 << 16


def read_inputs(
    paths: Iterable[str],
    *,
    max_message_bytes: int,
    url: str | None = None,
    content_type: str | None = None,
) -> Iterator[InputPage]:
    """The pages of files, folders (sorted, all below) and standard input (`-`), in order.

    Args:
        paths: as given on the command line.
        max_message_bytes: the largest event; larger pages come out as refusals.
        url: of a bare page, in place of its file URI.
        content_type: of a bare page, in place of what its name says.

    Raises:
        OperationError: a path that cannot be read, or a file that ends in the middle; the
            pages before that are yielded first.
    """
    for path in paths:
        if path == STDIN:
            yield from _stdin(sys.stdin.buffer, max_message_bytes, url, content_type)
        else:
            for file in _files(Path(path)):
                yield from _file(file, max_message_bytes, url, content_type)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        # One folder's names at a time: a crawl may have millions of files.
        try:
            names = sorted(os.listdir(path))  # noqa: PTH208 - names, not a Path for each
        except PermissionError:
            raise OperationError(f"{path} cannot be read", "grant the right to read it") from None
        for name in names:
            below = path / name
            if below.is_file():
                yield below
            elif below.is_dir() and not below.is_symlink():
                yield from _files(below)
    elif path.exists():
        yield path
    else:
        raise OperationError(f"{path} does not exist", "name a file, a folder or -")


def _file(path: Path, limit: int, url: str | None, content_type: str | None) -> Iterator[InputPage]:
    name = path.name.lower()
    try:
        if name.endswith(_WARC):
            yield from read_warc(path, limit)
        elif name.endswith(_JSONL):
            yield from read_jsonl(path, limit)
        else:
            yield bare_page(path, limit, url, content_type)
    except PermissionError:
        raise OperationError(f"{path} cannot be read", "grant the right to read it") from None
    except (OSError, EOFError) as error:
        raise OperationError(
            f"{path} is damaged: {error}", "the pages before the damage were taken; mend the file"
        ) from None


def _stdin(
    stream: BinaryIO, limit: int, url: str | None, content_type: str | None
) -> Iterator[InputPage]:
    head = stream.read(_HEAD)
    if head.lstrip()[:1] == b"{" and content_type is None and url is None:
        yield from read_jsonl(None, limit, head=head, stream=stream)
    else:
        yield bare_page(None, limit, url, content_type, head=head, stream=stream)


__all__ = ["STDIN", "InputPage", "read_inputs"]
