"""`cleanwire clean`."""

import itertools
import sys
from collections.abc import Callable, Iterable

import click
import orjson

from cleanwire.events import CleanArticle, DuplicateArticle, to_dict
from cleanwire.extract.body.structure import markdown
from cleanwire.pipeline import OutcomeEvent, Pipeline
from streams import policy
from streams.cli.screen import progress, summarize
from streams.few_pages import FEW, outcomes_of_few
from streams.settings import Settings, load_settings
from streams.sources import InputPage, Tally, read_inputs


@click.command("clean")
@click.argument("paths", nargs=-1, required=True)
@click.option("--url", help="URL of a bare page, in place of its file URI.")
@click.option("--content-type", help="Content type of a bare page.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "markdown"]),
    default="json",
    show_default=True,
    help="JSON lines, or the articles as Markdown with a comment for every other page.",
)
def command(paths: tuple[str, ...], url: str | None, content_type: str | None, form: str) -> int:
    """Clean the pages of PATHS without Kafka: one JSON line per page, in order, on stdout.

    PATHS are HTML and text files, JSONL files of raw-page events, WARC files, folders, or -
    for standard input. A line is {"outcome": "clean"|"duplicate"|"rejected", "event": {...}};
    each page is compared with the pages before it in the same call. The last line on stderr
    says how much was read. Exits 3 if some of the input could not be read.

    \b
    Examples:
      cleanwire clean page.html other.txt
      cleanwire clean crawl.warc.gz > articles.jsonl
      cleanwire clean --format markdown page.html > page.md
      curl -s https://paper.example/a | cleanwire clean --url https://paper.example/a -
    """
    settings = load_settings()
    written = _json if form == "json" else _markdown
    tally = Tally()
    pages = read_inputs(
        paths,
        max_message_bytes=settings.max_message_bytes,
        tally=tally,
        url=url,
        content_type=content_type,
    )
    pipeline = policy.pipeline(settings)
    with progress("cleaning") as update:
        done = 0

        def show(outcome: OutcomeEvent) -> None:
            nonlocal done
            sys.stdout.buffer.write(written(outcome))
            sys.stdout.buffer.flush()
            done += 1
            update(done, None)

        for outcome in outcomes_of_few(settings, pipeline, itertools.islice(pages, FEW)):
            show(outcome)
        if done == FEW and (further := next(pages, None)) is not None:
            rest = itertools.chain([further], pages)
            _clean_many(settings, pipeline, rest, show)
    return summarize(tally)


def _clean_many(
    settings: Settings,
    pipeline: Pipeline,
    pages: Iterable[InputPage],
    show: Callable[[OutcomeEvent], None],
) -> None:
    import asyncio  # noqa: PLC0415 - slow to import, and a few pages need none of it

    from streams.offline import outcomes  # noqa: PLC0415 - likewise

    async def clean() -> None:
        async for outcome in outcomes(settings, pages, pipeline=pipeline):
            show(outcome)

    asyncio.run(clean())


def _json(outcome: OutcomeEvent) -> bytes:
    return orjson.dumps({"outcome": _name(outcome), "event": to_dict(outcome)}) + b"\n"


def _markdown(outcome: OutcomeEvent) -> bytes:
    if isinstance(outcome, CleanArticle):
        line = f"clean: {outcome.url}"
        text = markdown(outcome.blocks, title=outcome.title) + "\n"
    elif isinstance(outcome, DuplicateArticle):
        line, text = f"duplicate ({outcome.kind}) of {outcome.duplicate_of_url}: {outcome.url}", ""
    else:
        source = outcome.source
        line, text = f"rejected ({outcome.reason}): {source.topic} {source.offset}", ""
    # Two hyphens would end the comment.
    comment = line.replace("--", "%2D%2D")
    return f"<!-- {comment} -->\n\n{text}".encode()


def _name(outcome: OutcomeEvent) -> str:
    if isinstance(outcome, CleanArticle):
        return "clean"
    return "duplicate" if isinstance(outcome, DuplicateArticle) else "rejected"
