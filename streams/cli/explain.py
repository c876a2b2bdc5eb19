"""`cleanwire explain`."""

import asyncio
import sys
from collections.abc import Iterator

import click
import orjson

from cleanwire.clean import CLEANER
from cleanwire.explain.explanation import AsItCame, Blocks, Explanation, Field, Kind, Rejected
from streams.cli.screen import summarize
from streams.policy import limits
from streams.runtime.explainer import Explainer
from streams.settings import Settings, load_settings
from streams.sources import InputPage, Tally, read_inputs

_TEXT = 100
"""How many characters of a block or a place stand on a line."""


@click.command("explain")
@click.argument("path")
@click.option("--url", help="URL of a bare page, in place of its file URI.")
@click.option("--content-type", help="Content type of a bare page.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per page with everything.")
def command(path: str, url: str | None, content_type: str | None, as_json: bool) -> int:  # noqa: FBT001 - click passes flags so
    """Show why the pages of PATH became what they became, without Kafka.

    PATH is what `cleanwire clean` reads: an HTML or text file, a JSONL file of raw-page events, a
    WARC file, a folder, or - for standard input. Nothing is fetched. For each page: how it came,
    the reason if it is rejected, every metadata field with the places where it stood, the figures
    of the decision whether it is an article, and every block with its probability and the rule
    that took it out. Exits 3 if some of the input could not be read.

    \b
    Examples:
      cleanwire explain page.html
      cleanwire explain --json rejected.jsonl | jq .rejected
    """
    settings = load_settings()
    return asyncio.run(_explain(settings, path, url, content_type, as_json=as_json))


async def _explain(
    settings: Settings, path: str, url: str | None, content_type: str | None, *, as_json: bool
) -> int:
    tally = Tally()
    pages = read_inputs(
        [path],
        max_message_bytes=settings.max_message_bytes,
        tally=tally,
        url=url,
        content_type=content_type,
    )
    async with Explainer(limits(settings)) as explainer:
        for page in pages:
            explanation = await _of_page(explainer, page)
            if as_json:
                sys.stdout.buffer.write(orjson.dumps(explanation) + b"\n")
            else:
                sys.stdout.write("\n".join(lines_of(explanation)) + "\n\n")
            sys.stdout.flush()
    return summarize(tally)


async def _of_page(explainer: Explainer, page: InputPage) -> Explanation:
    if page.refusal is None:
        return await explainer.explain(page.value)
    rejected = Rejected(reason=page.refusal.reason, detail=page.refusal.detail, step="event")
    return Explanation(came=AsItCame(), rejected=rejected, cleaner=CLEANER)


def lines_of(explanation: Explanation) -> Iterator[str]:
    """The lines that the command prints of one page."""
    came, rejected = explanation.came, explanation.rejected
    yield came.url or "a page without a URL"
    yield f"  explained by {explanation.cleaner}"
    charset = f"charset {came.charset} by {came.charset_by}" if came.charset else None
    facts = (
        None if came.size is None else f"{came.size} bytes",
        came.content_type,
        came.kind,
        charset,
        None if came.status is None else f"status {came.status}",
        None if came.fetched_at is None else f"fetched {came.fetched_at}",
    )
    yield "  came: " + ", ".join(filter(None, facts))
    if rejected is not None:
        yield f"  rejected: {rejected.reason}, at the step {rejected.step}: {rejected.detail}"
    elif explanation.article is not None:
        yield f"  article: {explanation.article.word_count} words, id {explanation.article.id}"
    if explanation.kind is not None:
        yield from _kind(explanation.kind)
    if explanation.fields:
        yield "  metadata:"
        for field in explanation.fields:
            yield from _field(field)
    if explanation.blocks is not None:
        yield from _blocks(explanation.blocks)


def _kind(kind: Kind) -> Iterator[str]:
    dated = "a date or an author" if kind.dated else "no date and no author"
    yield f"  body: {kind.words} words, about {kind.linked_words} in links, {dated}"
    if kind.stream_share:
        yield (
            f"  in streams of teasers: {kind.stream_share:.3f} of the body; at the address of a "
            f"section, a list from {kind.least_stream_share:g} on"
        )
    if kind.first is not None:
        yield f"  article by the first forest: {kind.first:.3f} (sure from {kind.sure:g})"
    if kind.second is not None:
        yield f"  article by the second forest: {kind.second:.3f} (at least {kind.threshold:.3f})"
    for lever in kind.levers:
        yield (
            f"    {lever.feature} {lever.value:g}; with {lever.needed:g} it would be "
            f"{lever.probability:.3f}"
        )
    if kind.tokens:
        yield "    tokens: " + ", ".join(f"{token} {weight:+.2f}" for token, weight in kind.tokens)


def _field(field: Field) -> Iterator[str]:
    value = field.value
    said = ", ".join(value) if isinstance(value, tuple) else value
    yield f"    {field.name}: {'-' if said is None or said == '' else said}"
    for place in field.places:
        yield f"      {place.stands:7} {place.where}: {place.said[:_TEXT]}"


def _blocks(blocks: Blocks) -> Iterator[str]:
    yield f"  blocks, read as {blocks.reading}: fate, probability, by, text"
    if blocks.brand is not None:
        brand = blocks.brand
        yield f"    brand {brand.brand} removed from {brand.places} places: {brand.second_witness}"
    for block in blocks.listed:
        probability = "    -" if block.probability is None else f"{block.probability:.3f}"
        yield f"    {block.fate:4} {probability} {block.by:15} {block.text[:_TEXT]}"
    if blocks.left_out:
        yield f"    and {blocks.left_out} more"
