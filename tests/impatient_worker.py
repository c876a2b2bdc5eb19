"""A worker that says after two seconds what waits for a transaction."""

from streams import transactions
from streams.cli.main import run

if __name__ == "__main__":
    transactions.OPEN_SECONDS = 2.0
    raise SystemExit(run(["worker"]))
