"""`cleanwire clean`."""

import asyncio
import sys

import click
import orjson

from cleanwire.events import CleanArticle, DuplicateArticle, to_dict
from cleanwire.pipeline import Outcome
from streams.batch import outcomes
from streams.cli.screen import progress
from streams.settings import Settings, load_settings
from streams.sources import read_inputs


@click.command("clean")
@click.argument("paths", nargs=-1, required=True)
@click.option("--url", help="URL of a bare page, in place of its file URI.")
@click.option("--content-type", help="Content type of a bare page.")
def command(paths: tuple[str, ...], url: str | None, content_type: str | None) -> int:
    """Clean the pages of PATHS without a bus: one JSON line per page, in order, on stdout.

    PATHS are HTML and text files, JSONL files of raw-page events, WARC files, folders, or -
    for standard input. A line is {"outcome": "clean"|"duplicate"|"rejected", "event": {...}};
    pages are compared with the pages before them in the same call.

    \b
    Examples:
      cleanwire clean page.html other.txt
      cleanwire clean crawl.warc.gz > articles.jsonl
      curl -s https://paper.example/a | cleanwire clean --url https://paper.example/a -
    """
    settings = load_settings()
    return asyncio.run(_clean(settings, paths, url, content_type))


async def _clean(
    settings: Settings, paths: tuple[str, ...], url: str | None, content_type: str | None
) -> int:
    pages = read_inputs(
        paths,
        max_message_bytes=settings.max_message_bytes,
        url=url,
        content_type=content_type,
    )
    with progress("cleaning") as update:
        done = 0
        async for outcome in outcomes(settings, pages):
            line = {"outcome": _name(outcome), "event": to_dict(outcome)}
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
            sys.stdout.buffer.flush()
            done += 1
            update(done, None)
    return 0


def _name(outcome: Outcome) -> str:
    if isinstance(outcome, CleanArticle):
        return "clean"
    return "duplicate" if isinstance(outcome, DuplicateArticle) else "rejected"
