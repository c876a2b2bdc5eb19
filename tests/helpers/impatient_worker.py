"""A worker that says after two seconds what waits for a transaction."""

from streams.cli.main import run
from streams.runtime import transactions

if __name__ == "__main__":
    transactions.OPEN_SECONDS = 2.0
    raise SystemExit(run(["worker"]))
