"""`cleanwire publish`."""

import collections
from collections.abc import Iterable

import click
from kafka.errors import KafkaError, KafkaTimeoutError

from streams.cli.screen import OUT, progress, say, summarize
from streams.errors import OperationalError
from streams.exit_codes import ANSWER_IS_NO
from streams.kafka import clients
from streams.kafka.raw_records import EVENT
from streams.settings import Settings, load_settings
from streams.sources import InputPage, Tally, read_inputs

_UNACKNOWLEDGED = 500
"""Pages that may wait for their acknowledgement at the same time."""

_ACK_SECONDS = 60.0


@click.command("publish")
@click.argument("paths", nargs=-1, required=True)
@click.option("--url", help="URL of a bare page, in place of its file URI.")
@click.option("--content-type", help="Content type of a bare page.")
def command(paths: tuple[str, ...], url: str | None, content_type: str | None) -> int:
    """Put the pages of PATHS on raw-pages, and count what the brokers acknowledged.

    PATHS are HTML and text files, JSONL files of raw-page events, WARC files, folders, or -
    for standard input. Exits 1 if a page was too large or not acknowledged, 3 if some of the
    input could not be read. The last line on stderr says how much was.

    \b
    Examples:
      cleanwire publish crawl.warc.gz
      cleanwire publish pages/ events.jsonl
      curl -s https://paper.example/a | cleanwire publish --url https://paper.example/a -
    """
    settings = load_settings()
    tally = Tally()
    inputs = read_inputs(
        paths,
        max_message_bytes=settings.max_message_bytes,
        tally=tally,
        url=url,
        content_type=content_type,
    )
    sent, refused, lost = _publish(settings, inputs)
    OUT.print(f"{sent} pages published to {settings.topics.raw}, acknowledged by all replicas")
    for page in refused:
        line = f"{page.source.topic} page {page.source.offset}: {page.refusal}"
        say(line, "warning")
    if lost:
        pages = "1 page was" if len(lost) == 1 else f"{len(lost)} pages were"
        why = ", ".join(sorted({type(error).__name__ for error in lost}))
        line = f"{pages} not acknowledged on {settings.topics.raw}: {why}"
        fix = "compare `cleanwire topics --check`"
        say(f"{line}; {fix}", "error")
    return summarize(tally) or (1 if refused or lost else 0)


def _publish(
    settings: Settings, inputs: Iterable[InputPage]
) -> tuple[int, list[InputPage], list[KafkaError]]:
    refused: list[InputPage] = []
    lost: list[KafkaError] = []
    waiting: collections.deque[object] = collections.deque()
    sent = 0
    topic = settings.topics.raw
    # Without this check the producer would wait a minute for a topic that does not exist.
    clients.require_topic(settings, topic)
    with clients.producer(settings) as producer, progress("publishing") as update:
        for page in inputs:
            if page.refusal is not None:
                refused.append(page)
                continue
            waiting.append(producer.send(topic, page.value, headers=EVENT))
            if len(waiting) > _UNACKNOWLEDGED:
                sent += _acknowledged(waiting.popleft(), topic, lost)
                update(sent, None)
        while waiting:
            sent += _acknowledged(waiting.popleft(), topic, lost)
            update(sent, None)
    return sent, refused, lost


def _acknowledged(future: object, topic: str, lost: list[KafkaError]) -> int:
    try:
        future.get(timeout=_ACK_SECONDS)  # type: ignore[attr-defined] # untyped library
    except KafkaTimeoutError as error:
        # The brokers are away. Every other page would wait just as long.
        raise OperationalError(
            f"a page was not acknowledged on {topic}: {type(error).__name__}",
            "check the brokers, then publish again: pages keep their ids",
        ) from None
    except KafkaError as error:
        lost.append(error)
        return 0
    return ANSWER_IS_NO
