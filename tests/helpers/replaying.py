"""`cleanwire replay`, run in the process of a test."""

import contextlib
import io
import os
from unittest import mock

from helpers.harness import (
    environment,
    records,
)
from streams.cli.main import run


def ran(settings, *arguments, code=0):
    """Run the command in this process: stdout and stderr, once the exit code is as expected."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with (
        mock.patch.dict(os.environ, environment(settings)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        found = run(["replay", *arguments])
    said, told = (stream.buffer.getvalue().decode() for stream in (flushed(out), flushed(err)))
    assert found == code, (said, told)
    return said, told


def flushed(stream):
    stream.flush()
    return stream


def raw(settings):
    return {(r.partition, r.offset): r for r in records(settings, settings.topics.raw)}
