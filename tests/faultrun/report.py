"""Writes a run as Markdown.

Invariant: every number comes from the run's result, and a fault that was not done is shown as 0.
"""

from collections.abc import Iterator, Sequence

from faultrun import nemesis, terms
from faultrun.run import Result


def markdown(result: Result) -> str:
    """The tables of a run and its violations, as Markdown."""
    parts = [_head(result), _table("fault", "times", _faults(result))]
    parts += [_table("what the bus did", "", _traffic(result))]
    parts += [_table("checked", "violations", _checked(result))]
    if result.verdict.holds:
        parts.append("**Nothing is lost, nothing is double, every outcome is the batch mode's.**")
    else:
        parts += list(_violations(result))
    return "\n\n".join(parts)


def _head(result: Result) -> str:
    size, phases = result.size, result.seconds
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in phases.items())
    return (
        f"Seed {result.seed}: {size.events:,} events on {size.partitions} partitions, "
        f"{result.brokers} brokers, {size.workers} workers, {size.shards} shards. "
        f"{sum(phases.values()):.0f} s ({took})."
    )


def _faults(result: Result) -> Iterator[tuple[str, int]]:
    for fault, what in nemesis.WHAT.items():
        yield what, result.counts.get(fault, 0)
        if fault == "state":
            empty = sum(entry.detail.endswith(nemesis.EMPTY) for entry in result.faults)
            yield "of these, folders that had nothing in them", empty
    yield "workers ended by SIGKILL, all faults together", result.sigkills
    yield "rebalances, both groups together", result.rebalances
    yield "takedowns, as they stand on the bus", result.verdict.takedowns
    for how, count in result.ends.items():
        if how != "SIGKILL":
            yield f"workers ended with {how}, and were started again", count


def _traffic(result: Result) -> Iterator[tuple[str, int]]:
    verdict = result.verdict
    yield "sendings attempted", verdict.attempted
    yield "acknowledged", verdict.acknowledged
    yield "failed, so unknown", verdict.unknown
    yield "raw records", verdict.raw
    for kind, count in verdict.outcomes.items():
        yield f"outcomes: {kind}", count
    yield "lost", verdict.lost
    yield "unexpected", verdict.unexpected
    yield "duplicated (the same outcome again)", verdict.duplicated
    yield "recovered (unknown, and has its outcome)", verdict.recovered
    yield "candidates", verdict.candidates
    yield "candidates delivered again", verdict.redelivered_candidates
    yield "articles taken down", verdict.withdrawn
    yield "pages that came after that, and were refused", verdict.refused
    yield "outcomes held against the batch mode", verdict.compared
    yield "rejections of the moment beside an outcome", verdict.overridden
    yield "rejections of the moment alone", verdict.of_the_moment


def _checked(result: Result) -> Iterator[tuple[str, int]]:
    for kind, what in terms.WHAT.items():
        yield what, result.verdict.violations.get(kind, 0)


def _violations(result: Result) -> Iterator[str]:
    for kind, lines in result.verdict.listed.items():
        count = result.verdict.violations[kind]
        yield f"**{kind}: {count}**\n\n" + "\n".join(f"- {line}" for line in lines)


def _table(first: str, second: str, rows: Iterator[tuple[str, int]]) -> str:
    lines: Sequence[str] = [f"| {name} | {count:,} |" for name, count in rows]
    return "\n".join([f"| {first} | {second} |", "|---|---:|", *lines])
