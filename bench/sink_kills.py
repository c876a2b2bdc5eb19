"""Kills a sink again and again while articles come, and holds its tables against the topics.

    python bench/sink_kills.py [--kills 100] [--events 40000] [--seed 1] [--database postgresql]

Invariant: the load and the kills follow from the seed. The exit code is 1 if a row is missing,
doubled or another than the topics say, or if an offset is not the end of its partition.
"""

import argparse
import contextlib
import sys
import tempfile
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from helpers.postgres import server  # noqa: E402 - found by the line above
from helpers.sink_kills import kill_run  # noqa: E402 - found by the line above
from streams.kafka.topics import ensure_topics  # noqa: E402 - found by the line above
from streams.settings import Settings  # noqa: E402 - found by the line above
from streams.testing.broker import EmbeddedBroker  # noqa: E402 - found by the line above


def main() -> int:
    """Run, and print a line for each database; returns 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], action="append")
    arguments = parser.parse_args()
    holds = True
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sink-kills-")))
        broker = stack.enter_context(EmbeddedBroker(root / "kafka"))
        for kind in arguments.database or ["postgresql", "sqlite"]:
            url = f"sqlite:///{root / 'articles.db'}"
            if kind == "postgresql":
                found = stack.enter_context(server())
                if found is None:
                    sys.exit("there is no PostgreSQL server: set PG_BIN, or install pgserver")
                url = found.url(found.new_database())
            settings = Settings(
                broker=broker.address, topic_prefix=f"{uuid.uuid4().hex[:6]}.", data_dir=root
            )
            ensure_topics(settings)
            run = kill_run(
                settings, url, kills=arguments.kills, events=arguments.events, seed=arguments.seed
            )
            holds = holds and run.holds
            print(
                f"{kind}: {run.kills} kills, {run.at_work} of them at work; {run.records} records, "
                f"{len(run.found.articles)} articles, {len(run.found.duplicates)} duplicates, "
                f"{len(run.found.takedowns)} takedowns, {len(run.found.letters)} dead letters; "
                f"offsets {run.offsets} of {run.ends}; {run.seconds:.0f} s; "
                f"{'as the topics say' if run.holds else 'WRONG'}"
            )
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
