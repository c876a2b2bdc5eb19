"""A fault run on a real Kafka, with an audit that nothing was lost.

    python bench/faults.py                              the size for CI: 12,000 events
    python bench/faults.py --size full --seed 7         300,000 events, 100 SIGKILLs
    python bench/faults.py --events 5000 --brokers 1 --shards 3 --json result.json

Invariant: the load and the faults follow from the seed. Faults are counted when they are done, not
when they are planned. The exit code is 1 if anything at all was found: a page that is lost, an
outcome that differs from the batch mode's, a stream that does not come to its end.

Brokers, publishers and workers are processes on this machine, and end with this one.
docs/reliability.md says what is promised and how it is checked. On Linux, as root, each data folder
is a small file system of its own, which a fault can fill; elsewhere a limit keeps files from
growing.
"""

import argparse
import dataclasses
import json
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from faultrun.report import markdown  # noqa: E402 - found by the line above
from faultrun.run import Size, run  # noqa: E402 - found by the line above
from streams.errors import OperationalError  # noqa: E402 - found by the line above
from streams.testing.cluster import EmbeddedCluster  # noqa: E402 - found by the line above

SIZES = {
    "ci": Size(
        events=12_000,
        partitions=6,
        rate=150,
        faults=14,
        sigkills=10,
        broker_restarts=2,
        rebalances=14,
        takedowns=40,
        seconds=100,
    ),
    "full": Size(
        events=300_000,
        partitions=12,
        rate=300,
        faults=140,
        sigkills=100,
        broker_restarts=20,
        rebalances=50,
        takedowns=400,
        seconds=1800,
    ),
}
BROKERS = 3


def main() -> int:
    """Run, and print the tables; returns 1 if anything was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--size", choices=SIZES, default="ci")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--brokers", type=int, default=BROKERS, help="1 or 3 (default: 3)")
    for field in dataclasses.fields(Size):
        name = field.name.replace("_", "-")
        parser.add_argument(f"--{name}", type=type(getattr(SIZES["ci"], field.name)), metavar="N")
    parser.add_argument("--data", type=Path, help="keep topics, logs and folders here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the result, as JSON")
    arguments = parser.parse_args()
    given = {
        field.name: getattr(arguments, field.name)
        for field in dataclasses.fields(Size)
        if getattr(arguments, field.name) is not None
    }
    # Leaving the `with` blocks ends the processes and the mounts that are made here.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    size = dataclasses.replace(SIZES[arguments.size], **given)
    with tempfile.TemporaryDirectory(prefix="faults-") as made:
        root = arguments.data or Path(made)
        try:
            with EmbeddedCluster(root / "kafka", brokers=arguments.brokers) as cluster:
                result = run(
                    size,
                    seed=arguments.seed,
                    address=cluster.address,
                    root=root,
                    brokers=cluster.brokers,
                    replication_factor=cluster.replication_factor,
                    mounts=True,
                )
        except (OperationalError, RuntimeError) as error:
            print(error, file=sys.stderr)
            return 1
    if arguments.json:
        arguments.json.write_text(json.dumps(dataclasses.asdict(result), indent=1) + "\n", "utf-8")
    print(markdown(result))
    return int(not result.verdict.holds)


if __name__ == "__main__":
    sys.exit(main())
