"""What `cleanwire replay` keeps of a page while it runs it again.

    python bench/replay_memory.py                       a million pages
    python bench/replay_memory.py --pages 100000

Invariant: the resident memory is that of a process of its own, before and after every page of the
run is entered as the command enters it.
"""

import argparse
import sys
import time

import psutil

from streams.kafka.headers import Original
from streams.ops.page_facts import Facts, PageOutcome, Pages

PARTITIONS = 4


def main() -> int:
    """Enter the pages, and print the memory and the time that they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1_000_000)
    count = parser.parse_args().pages
    resident = psutil.Process().memory_info
    pages = Pages()
    before, began = resident().rss, time.perf_counter()
    for number in range(count):
        original = Original("q83-_wEjRWeJq83vASNFZw", number % PARTITIONS, number // PARTITIONS)
        row = pages.add(original)
        facts = Facts("clean", f"{number:032x}", number, number, number)
        pages.enter(row, PageOutcome(source=original, original=original, facts=facts, url=""))
        pages.choose(row)
        pages.note_sent(row, number % PARTITIONS, count + number)
    seconds = time.perf_counter() - began
    taken = resident().rss - before
    print(
        f"{count} pages: {taken / 1e6:.0f} MB, {taken / count:.0f} bytes a page, "
        f"{seconds / count * 1e6:.0f} µs a page"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
