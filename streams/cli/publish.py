"""`cleanwire publish`."""

import collections

import click
from kafka.errors import KafkaError

from streams import kafka
from streams.cli.screen import ERR, OUT, progress
from streams.faults import OperationError
from streams.settings import Settings, load_settings
from streams.sources import InputPage, read_inputs

_UNACKNOWLEDGED = 500
_SECONDS = 60.0


@click.command("publish")
@click.argument("paths", nargs=-1, required=True)
@click.option("--url", help="URL of a bare page, in place of its file URI.")
@click.option("--content-type", help="Content type of a bare page.")
def command(paths: tuple[str, ...], url: str | None, content_type: str | None) -> int:
    """Put the pages of PATHS on raw-pages, and count what the brokers acknowledged.

    PATHS are HTML and text files, JSONL files of raw-page events, WARC files, folders, or -
    for standard input. Exits 1 if a page was too large or not acknowledged.

    \b
    Examples:
      cleanwire publish crawl.warc.gz
      cleanwire publish pages/ events.jsonl
      curl -s https://paper.example/a | cleanwire publish --url https://paper.example/a -
    """
    settings = load_settings()
    sent, refused = _publish(settings, paths, url, content_type)
    OUT.print(f"{sent} pages published to {settings.topics.raw}, acknowledged by all replicas")
    for page in refused:
        ERR.print(f"{page.source.topic} page {page.source.offset}: {page.refusal}")
    return 1 if refused else 0


def _publish(
    settings: Settings, paths: tuple[str, ...], url: str | None, content_type: str | None
) -> tuple[int, list[InputPage]]:
    refused: list[InputPage] = []
    waiting: collections.deque[object] = collections.deque()
    sent = 0
    inputs = read_inputs(
        paths,
        max_message_bytes=settings.max_message_bytes,
        url=url,
        content_type=content_type,
    )
    topic = settings.topics.raw
    with kafka.producer(settings) as producer, progress("publishing") as update:
        if not producer.partitions_for(topic):
            raise OperationError(f"topic {topic} does not exist", "run `cleanwire topics`")
        for page in inputs:
            if page.refusal is not None:
                refused.append(page)
                continue
            waiting.append(producer.send(topic, page.value))
            if len(waiting) > _UNACKNOWLEDGED:
                sent += _acknowledged(waiting.popleft(), topic)
                update(sent, None)
        while waiting:
            sent += _acknowledged(waiting.popleft(), topic)
            update(sent, None)
    return sent, refused


def _acknowledged(future: object, topic: str) -> int:
    try:
        future.get(timeout=_SECONDS)  # type: ignore[attr-defined] # untyped library
    except KafkaError as error:
        raise OperationError(
            f"a page was not acknowledged on {topic}: {type(error).__name__}",
            "check the brokers, then publish again: pages keep their ids",
        ) from None
    return 1
