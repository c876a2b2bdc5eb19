"""What a Scrapy crawl does while its brokers stand still: `python bench/crawl_hold.py [SECONDS]`.

A site on loopback has 600 pages of 200 KB. A spider with the add-on crawls it twice: with brokers
that answer, and with brokers that are stopped (SIGSTOP) for SECONDS. A third of the callbacks raise
an error.

Invariant: the crawl and the broker are real processes, and both crawls publish all pages.
"""

import json
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from helpers.crawled_site import crawl_process, site_on_loopback, story  # noqa: E402 - found by the line above
from streams.kafka.topics import ensure_topics  # noqa: E402 - as the line above
from streams.settings import Settings  # noqa: E402 - as the line above
from streams.testing.broker import EmbeddedBroker  # noqa: E402 - as the line above

PAGES = 600
PAGE_BYTES = 200_000
BEFORE = 40
"""Requests after which the brokers are stopped."""
SETTLED = 5.0
"""Seconds after which a held crawl asks for nothing more."""


def main() -> None:
    """Crawl twice, and print a line for each crawl."""
    stopped = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    with (
        tempfile.TemporaryDirectory() as folder,
        site_on_loopback() as site,
        EmbeddedBroker(Path(folder) / "kafka") as broker,
    ):
        paths = [f"/fail/{n}" if n % 3 == 0 else f"/{n}" for n in range(PAGES)]
        for number, path in enumerate(paths):
            site.add(path, story(number, more=f"<!--{'x' * PAGE_BYTES}-->"))
        site.add("/", story(PAGES, links=paths))
        settings = Settings(broker=broker.address, data_dir=Path(folder) / "data")
        ensure_topics(settings)
        for seconds in (0.0, stopped):
            site.asked.clear()
            began = time.monotonic()
            given = {"CLEANWIRE_BROKER": settings.broker, "LOG_LEVEL": "INFO"}
            process = crawl_process(folder, site.url("/"), settings=given)
            held = "-"
            if seconds:
                while len(site.asked) < BEFORE:
                    time.sleep(0.05)
                child = broker._process  # noqa: SLF001 - the broker has no method that stops it like this
                if child is None:
                    raise SystemExit("the broker has ended")
                child.send_signal(signal.SIGSTOP)
                time.sleep(min(SETTLED, seconds))
                early = len(site.asked)
                time.sleep(max(0.0, seconds - SETTLED))
                held = f"{early} to {len(site.asked)}"
                child.send_signal(signal.SIGCONT)
            process.communicate(timeout=300)
            stats = json.loads((Path(folder) / "stats.json").read_text("utf-8"))
            print(
                f"stopped {seconds:g} s: {stats['cleanwire/published']} pages in "
                f"{time.monotonic() - began:.0f} s, requests while stopped {held}, "
                f"at most {int(stats['peak']) >> 20} MiB, {stats['finish_reason']}"
            )


if __name__ == "__main__":
    main()
