"""How many records a second go into a database and into Parquet files, without Kafka.

    python bench/sink_speed.py [--articles 20000] [--batch 1000]

Invariant: every record is an event of about 7 kB, and takes the way of the command: parsed,
entered, committed with its offset. Only Kafka's client is left out.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from helpers import sunk  # noqa: E402 - found by the line above
from helpers.postgres import server  # noqa: E402 - found by the line above
from streams.consuming.follower import PartitionId  # noqa: E402 - found by the line above
from streams.consuming.published import Record, article_of  # noqa: E402 - found by the line above
from streams.export.day_file import ASIDE, write_day  # noqa: E402 - found by the line above
from streams.export.folder_index import FolderIndex  # noqa: E402 - found by the line above
from streams.sink import kept_offsets  # noqa: E402 - found by the line above

PLACE = PartitionId(sunk.CLEAN, "T", 0)


def main() -> None:
    """Measure, and print a line for each way out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=1000)
    arguments = parser.parse_args()
    text = "\n\n".join(
        f"Paragraph {n} tells of the ferry and its passengers." * 6 for n in range(9)
    )
    blocks = [{"kind": "paragraph", "level": 0, "text": one} for one in text.split("\n\n")]
    records = [
        sunk.record(sunk.article(number, text=text, blocks=blocks), number)
        for number in range(arguments.articles)
    ]
    print(f"{len(records)} articles of {len(records[0].value or b'')} bytes")
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sink-speed-")))
        found = stack.enter_context(server())
        if found is not None:
            measure("PostgreSQL", found.url(found.new_database()), records, arguments.batch)
        measure("SQLite", f"sqlite:///{root / 'a.db'}", records, arguments.batch)
        export(root / "parquet", records, arguments.batch)


def measure(name: str, url: str, records: list[Record], batch: int) -> None:
    """Enter all of them, and enter them again."""
    with sunk.opened(url) as database:
        for what in ("new", "redelivered"):
            database.run(lambda c: kept_offsets.begin(c, database.tables, {PLACE: 0}))
            began = time.perf_counter()
            for at in range(0, len(records), batch):
                part = records[at : at + batch]
                sunk.enter(database, part, at, at + len(part))
            print(f"{name}: {len(records) / (time.perf_counter() - began):.0f} {what}/s")


def export(folder: Path, records: list[Record], batch: int) -> None:
    """Take all of them, and write their file."""
    own = folder / ".cleanwire"
    own.mkdir(parents=True)
    began = time.perf_counter()
    with contextlib.closing(FolderIndex(own / "index.sqlite")) as index:
        for at in range(0, len(records), batch):
            part = records[at : at + batch]
            index.take([(one, article_of(one)) for one in part], {PLACE: at + len(part)})
        for day in index.changed_days():
            write_day(folder, own / ASIDE, index, day)
            index.written(day)
    print(f"Parquet: {len(records) / (time.perf_counter() - began):.0f} new/s")


if __name__ == "__main__":
    main()
