"""`cleanwire audit`."""

import dataclasses

import click

from streams.cli.screen import OUT, progress
from streams.exit_codes import ANSWER_IS_NO
from streams.ops import audit
from streams.ops.ledger import LISTED, Report
from streams.runtime import transactions
from streams.settings import load_settings

NOT_WHOLE = 4
"""Exit code: the invariant holds for every record that could be read, but some could not be."""


@click.command("audit")
def command() -> int:
    """Prove that every raw page has exactly one outcome: raw = clean + duplicate + rejected.

    The proof is the source offset that every outcome carries, not a count. Pages between the
    stages count as in flight. Exits 1 if a page is missing or has two outcomes, if a duplicate
    names no published article, or if an article that was taken down is published again. Exits 4
    if none of this is so, but pages were deleted before they were read, or a group has not gone
    on yet after a topic was deleted or cut.

    \b
    Examples:
      cleanwire audit
      CLEANWIRE_BROKER=kafka-1:9092 cleanwire audit && echo nothing lost
    """
    settings = load_settings()
    with progress("reading") as update:
        report, unreadable = audit.audit(settings, lambda _, done, total: update(done, total))
    show(report)
    for held in transactions.held(settings, dataclasses.astuple(settings.topics)):
        OUT.print(f"held: {held}")
    for record in unreadable[:LISTED]:
        OUT.print(
            f"unreadable: {record.topic} partition {record.partition} "
            f"offset {record.offset}: {record.why}"
        )
    if not report.holds:
        return ANSWER_IS_NO
    return 0 if report.is_whole else NOT_WHOLE


def show(report: Report) -> None:
    """Print a report; of every list, at most `LISTED` lines."""
    kinds = report.outcomes
    OUT.print(
        f"raw {report.raw} = clean {kinds['clean']} + duplicate {kinds['duplicate']} "
        f"+ rejected {kinds['rejected']} + in flight {report.in_flight}"
        + (f" + missing {len(report.missing)}" if report.missing else "")
        + (f"; {report.replays} of them are replays" if report.replays else "")
    )
    if report.reasons:
        OUT.print("rejected: " + ", ".join(f"{why} {n}" for why, n in report.reasons.items()))
    OUT.print(
        f"waiting {report.waiting}, repeated by redelivery {report.redelivered}, "
        f"outcomes of pages no longer retained {report.beyond}"
        + (f", of later pages {report.later}" if report.later else "")
        + (f", articles taken down {report.withdrawn}" if report.withdrawn else "")
    )
    if report.predecessors:
        OUT.print(
            "made again: a topic of raw pages was deleted and made again under its name; "
            f"{report.predecessors} outcomes of the old one are left out",
        )
    for partition, count in sorted(report.unread.items()):
        OUT.print(
            f"unread: {count} records of partition {partition} were deleted by retention before "
            "they were read",
        )
    for line in report.displaced[:LISTED]:
        OUT.print(f"not gone on yet: {line}", markup=False)
    for partition, offset in report.missing[:LISTED]:
        OUT.print(f"missing: raw page at partition {partition} offset {offset}")
    for (partition, offset), one, other in report.double[:LISTED]:
        OUT.print(
            f"double: raw page at partition {partition} offset {offset} is "
            f"{one.kind} {one.what} and {other.kind} {other.what}"
        )
    for (partition, offset), named in report.dangling[:LISTED]:
        OUT.print(
            f"dangling: the page at partition {partition} offset {offset} names {named}, "
            "which was never published"
        )
    for (partition, offset), article in report.unexplained[:LISTED]:
        OUT.print(
            f"unexplained: the page at partition {partition} offset {offset} is rejected as "
            f"withdrawn, but {article or 'its article'} has no tombstone"
        )
    for article in report.republished[:LISTED]:
        OUT.print(
            f"republished: {article} was published after it was taken down; "
            f"run `cleanwire takedown {article}` again"
        )
    whole = "" if report.is_whole else " for all that could be read"
    OUT.print(f"the law holds{whole}" if report.holds else "the law is broken")
