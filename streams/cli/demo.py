"""`cleanwire demo`."""

import signal
import time
from collections.abc import Callable

import click
from rich.markup import escape

from streams.cli.audit import show
from streams.cli.screen import OUT
from streams.ops import audit
from streams.testing import demo
from streams.testing.samples import sample_pages

_COLOURS = {"clean": "green", "duplicate": "yellow", "rejected": "red"}
_SECONDS = 30.0


@click.command("demo")
@click.option("--once", is_flag=True, help="Exit after the audit: 0 only if it holds.")
def command(*, once: bool) -> int:
    """Run everything on this machine and show what becomes of sample pages.

    Starts the embedded Kafka and a worker, publishes bundled pages (a wire story and its copies
    on content farms, a teaser, a revision, pages in several charsets, broken and hostile ones),
    shows the outcome of each as it happens, and audits the outcomes. Then it publishes made-up news
    until Ctrl-C, so that the web view moves.

    \b
    Examples:
      cleanwire demo
      cleanwire demo --once
      CLEANWIRE_WEB_PORT=7000 cleanwire demo
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    samples = sample_pages()
    with demo.stage(_say()) as settings:
        demo.publish(settings, samples)
        OUT.print(f"published {len(samples)} sample pages to {settings.topics.raw}\n")
        surprises = 0
        for result in demo.results(settings, samples):
            colour = _COLOURS[result.outcome.partition("/")[0]]
            surprises += result.outcome != result.sample.expected
            OUT.print(
                f"[{colour}]{result.outcome:<26}[/] {result.sample.name:<30} "
                f"[dim]{escape(result.detail)}[/]",
            )
        OUT.print()
        deadline = time.monotonic() + _SECONDS
        report, _ = audit.audit(settings)
        # Offsets are committed once a second, so the last pages may still count as waiting.
        while report.raw < len(samples) and time.monotonic() < deadline:
            time.sleep(0.5)
            report, _ = audit.audit(settings)
        show(report)
        holds = report.holds and report.raw == len(samples) and not surprises
        if surprises:
            OUT.print(f"{surprises} pages came out otherwise than expected")
        if not once:
            OUT.print("\nmade-up news goes on the topic now, two pages a second")
            OUT.print(f"web view: http://127.0.0.1:{settings.web_port}/   Ctrl-C stops everything")
            try:
                with demo.keep_publishing(settings):
                    while True:
                        time.sleep(3600)
            except KeyboardInterrupt:
                OUT.print("stopping")
    return 0 if holds else 1


def _say() -> Callable[[str], None]:
    started = time.monotonic()

    def say(line: str) -> None:
        OUT.print(f"[dim]{time.monotonic() - started:5.1f} s[/] {line}")

    return say
