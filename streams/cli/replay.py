"""`cleanwire replay`."""

import datetime as dt
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click
import orjson
import pydantic

from cleanwire.errors import REASONS
from streams.cli.screen import OUT, progress, say
from streams.exit_codes import ANSWER_IS_NO, DONE, INTERRUPTED
from streams.settings import Duration, Settings, load_settings

_DURATION: pydantic.TypeAdapter[dt.timedelta] = pydantic.TypeAdapter(Duration)


class _Time(click.ParamType):
    """RFC 3339, or a duration that means so long ago -> seconds since the epoch."""

    name = "time"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        text = str(value)
        try:
            return time.time() - _DURATION.validate_python(text).total_seconds()
        except pydantic.ValidationError:
            pass
        try:
            found = dt.datetime.fromisoformat(text.upper())
            return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
        except (ValueError, OverflowError):
            self.fail(
                f"{text[:80]!r} is neither a time such as 2026-11-03T10:00:00Z nor a duration "
                "such as 2h",
                param,
                ctx,
            )


@click.command("replay")
@click.option(
    "--from",
    "since",
    type=_Time(),
    metavar="TIME",
    help="Pages that Kafka took in at TIME or later: RFC 3339, or 2h for two hours ago.",
)
@click.option("--to", "until", type=_Time(), metavar="TIME", help="Only pages before TIME.")
@click.option(
    "--topic",
    type=click.Choice(["raw-pages", "rejected-pages"]),
    default="raw-pages",
    show_default=True,
    help="Where the pages come from.",
)
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice(sorted(REASONS)),
    metavar="REASON",
    help="Of rejected-pages: only pages rejected for REASON. May be repeated.",
)
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="SITE",
    help="Only pages of SITE, a registrable domain. May be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Count what would be run again, and write nothing.")
@click.option(
    "--wait",
    "seconds",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds to wait for the next outcome.",
)
@click.option("--no-wait", is_flag=True, help="End when all is appended.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per outcome, and no table.")
def command(  # noqa: PLR0913 - the options of a command
    *,
    since: float | None,
    until: float | None,
    topic: str,
    reasons: tuple[str, ...],
    sites: tuple[str, ...],
    dry_run: bool,
    seconds: float,
    no_wait: bool,
    as_json: bool,
) -> int:
    """Run pages again after a fix of the cleaner, and show what changed.

    Appends the pages to raw-pages, each once, with the header cleanwire.replay-of. A page that
    was rejected is decided as a new one. A published article keeps its id and revision, and has
    the new text. A duplicate with another text is decided anew. A published article whose page is
    rejected now stays published, and is listed with the command that takes it down. Pages that
    were taken down are left out. To run the command again does no harm. Exits 1 if a page was
    not acknowledged or had no outcome in time.

    \b
    Examples:
      cleanwire replay --from 2h --dry-run
      cleanwire replay --from 2026-11-03T10:00:00Z --site paper.example
      cleanwire replay --topic rejected-pages --reason no-article --reason time-limit
    """
    from streams.ops.replay_source import ReplayRequest  # noqa: PLC0415 - --help needs none of it

    is_dead = topic == "rejected-pages"
    if not is_dead and since is None:
        raise click.UsageError("give --from TIME, or --topic rejected-pages")
    if reasons and not is_dead:
        raise click.UsageError("give --topic rejected-pages with --reason")
    if since is not None and since > time.time():
        raise click.UsageError("--from is in the future; give an earlier time")
    if since is not None and until is not None and until <= since:
        raise click.UsageError("--to is not after --from; give a later one")
    request = ReplayRequest(
        since=since,
        until=until,
        dead_letters=is_dead,
        reasons=frozenset(reasons),
        sites=frozenset(site.lower() for site in sites),
    )
    wait = None if no_wait else seconds
    return _run(load_settings(), request, dry_run=dry_run, wait=wait, as_json=as_json)


def _run(
    settings: Settings,
    request: Any,  # noqa: ANN401 - its module is imported late
    *,
    dry_run: bool,
    wait: float | None,
    as_json: bool,
) -> int:
    from streams.kafka import clients  # noqa: PLC0415 - --help needs none of it
    from streams.ops.replay import Replay  # noqa: PLC0415 - likewise
    from streams.ops.replay_source import ReplaySource  # noqa: PLC0415 - likewise

    with clients.consumer(settings) as consumer:
        source = ReplaySource(settings, consumer, request)
        with progress("reading outcomes") as update:
            source.read_before(lambda _, done, total: update(done, total))
        if dry_run:
            _show_plan(source)
            return DONE
        replay = Replay(settings, source)
        try:
            with progress("appending") as update:
                replay.append(lambda _, done, total: update(done, total))
        except KeyboardInterrupt:
            say(
                f"interrupted after {replay.appended} pages were acknowledged on "
                f"{settings.topics.raw}; to run the command again does no harm"
            )
            return INTERRUPTED
    pages = _pages(replay.appended)
    line = f"{pages} appended to {settings.topics.raw}, acknowledged by all replicas"
    (say if as_json else OUT.print)(line)
    _show_skipped(source.skipped)
    code = DONE
    for name, count in sorted(replay.lost.items()):
        code = ANSWER_IS_NO
        was = f"{_pages(count)} not acknowledged on {settings.topics.raw}: {name}"
        say(f"{was}; compare `cleanwire topics --check`", "error")
    if wait is None or not replay.appended:
        return code
    try:
        return _compare(settings, replay, wait, as_json=as_json) or code
    except KeyboardInterrupt:
        say(
            f"interrupted with {replay.finished} of {replay.appended} outcomes; all pages are "
            f"appended, and workers go on with them"
        )
        return INTERRUPTED


def _compare(settings: Settings, replay: Any, wait: float, *, as_json: bool) -> int:  # noqa: ANN401 - its module is imported late
    from streams.ops.replay_effect import Effect, json_line  # noqa: PLC0415 - as in `_run`
    from streams.runtime import transactions  # noqa: PLC0415 - likewise

    effect = Effect()
    with progress("waiting", replay.appended) as update:
        for outcome, before in replay.outcomes(wait, update):
            how = effect.enter(outcome, before)
            if as_json:
                sys.stdout.buffer.write(orjson.dumps(json_line(outcome, before, how)) + b"\n")
    if not as_json:
        for line in _table(effect):
            OUT.print(line, markup=False)
    if effect.left_count:
        say(f"{_pages(effect.left_count)} rejected now, but still published; to withdraw them:")
        for article, url in effect.left.items():
            say(f"cleanwire takedown {article}" + (f"  # {url}" if url else ""))
        if (more := effect.left_count - len(effect.left)) > 0:
            say(f"and {more} more, which --json marks with stays_published")
    missing = replay.appended - replay.finished
    if not missing:
        return DONE
    say(
        f"{missing} of {replay.appended} replays have no outcome after {wait:g} s without a new "
        f"one; they are on {settings.topics.raw}, and have one when workers have read them",
        "warning",
    )
    for held in transactions.held(settings, [settings.topics.raw]):
        say(f"held: {held}", "warning")
    return ANSWER_IS_NO


def _table(effect: Any) -> Iterator[str]:  # noqa: ANN401 - its module is imported late
    """The counts of all changes, and the first pages that changed."""
    rows = [*effect.changes.most_common()]
    if effect.unchanged:
        rows.append(("unchanged", effect.unchanged))
    width = max((len(how) for how, _ in rows), default=0)
    for how, count in rows:
        yield f"{how:<{width}}  {count}"
    for how, article, url in effect.listed:
        yield " ".join(filter(None, (f"{how}:", article, url)))
    if (more := effect.changes.total() - len(effect.listed)) > 0:
        yield f"and {more} more; --json lists all"


def _show_plan(source: Any) -> None:  # noqa: ANN401 - its module is imported late
    """Count what would be run again, by partition and by what the pages gave."""
    partitions: Counter[int | None] = Counter()
    labels: Counter[str] = Counter()
    with progress("reading") as update:
        for record in source.to_append(lambda _, done, total: update(done, total)):
            partitions[record.partition] += 1
            labels[source.pages.facts(record.row).label] += 1
    OUT.print(f"{_pages(partitions.total())} to run again")
    for label, count in labels.most_common():
        OUT.print(f"{label}: {count}", markup=False)
    keyed = partitions.pop(None, 0)
    for partition, count in sorted(partitions.items(), key=lambda pair: pair[0] or 0):
        OUT.print(f"partition {partition}: {count}")
    if keyed:
        OUT.print(f"by their keys: {keyed}")
    _show_skipped(source.skipped)


def _show_skipped(skipped: Counter[str]) -> None:
    if skipped:
        say("left out: " + ", ".join(f"{count} {why}" for why, count in skipped.most_common()))


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"
