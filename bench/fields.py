"""Title, author and date on labelled pages: right, wrong and absent.

    python bench/fields.py                     counts of each set in ../shared
    python bench/fields.py --out FILE          and what was found on each page, as JSON lines
    python bench/fields.py --before FILE       and where that differs from what FILE has

A wrong value is worse than none, so both counts are shown. Pages are extracted whether they are
articles or not. The dates of postlight are in UTC, so a day earlier or later counts as right there.
"""

import argparse
import datetime as dt
import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
SETS = ("fundus", "wcxb", "snippets", "readability", "postlight", "newspaper")
FIELDS = ("title", "author", "date")
VERDICTS = {1: "right", -1: "wrong", 0: "absent"}

Row = dict[str, Any]


def main() -> int:
    """Print the counts, and what changed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--sets", nargs="*", default=SETS, help="names of data sets")
    parser.add_argument("--out", type=Path, help="write what was found here")
    parser.add_argument("--before", type=Path, help="what an earlier run wrote")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"nothing to measure: {SHARED.name} is not beside the repository")
        return 0
    sys.path[:0] = [str(HERE), str(SHARED / "bench" / "extraction")]
    rows = [row for name in arguments.sets for row in measured(name)]
    show(rows)
    if arguments.out:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        arguments.out.write_text("\n".join(lines) + "\n", "utf-8")
    if arguments.before:
        earlier = map(json.loads, arguments.before.read_text("utf-8").splitlines())
        compare({key(row): row for row in earlier}, rows)
    return 0


def measured(name: str) -> list[Row]:
    """The value that was found for each labelled field of each page of a set, and the verdict."""
    adapters = importlib.import_module("adapters")
    corpus = importlib.import_module("corpus")
    evaluate = importlib.import_module("evaluate")
    rows: list[Row] = []
    for page in corpus.read_dataset(SHARED / "data" / "extraction" / name):
        try:
            got = adapters.unjudged(page.html, page.url)
        except Exception as error:  # noqa: BLE001 - a page that cannot be read has no fields
            print(f"{name} {page.id}: {error}", file=sys.stderr)
            got = {}
        for field, verdict in evaluate.metadata_scores(page, got).items():
            gold, value = getattr(page, field), got.get(field)
            if field == "date" and name == "postlight" and near(gold, value):
                verdict = 1  # noqa: PLW2901 - it corrects the verdict
            rows.append(
                {"set": name, "page": page.id, "field": field, "verdict": verdict}
                | {"gold": gold, "got": value}
            )
    return rows


def near(gold: str, got: str | None) -> bool:
    """Whether two dates are at most a day apart."""
    if not got:
        return False
    days = dt.date.fromisoformat(gold) - dt.date.fromisoformat(got[:10])
    return abs(days.days) <= 1


def show(rows: list[Row]) -> None:
    """Print how many values are right, wrong and absent, by set and field."""
    counts = Counter((row["set"], row["field"], row["verdict"]) for row in rows)
    counts.update(("all", row["field"], row["verdict"]) for row in rows)
    print(f"{'set':<14}" + "".join(f"{field + ' right/wrong/absent':>30}" for field in FIELDS))
    for name in dict.fromkeys([row["set"] for row in rows] + ["all"]):
        cells = (
            "/".join(str(counts[name, field, verdict]) for verdict in VERDICTS) for field in FIELDS
        )
        print(f"{name:<14}" + "".join(f"{cell:>30}" for cell in cells))


def key(row: Row) -> tuple[str, str, str]:
    """The set, the page and the field of a value."""
    return row["set"], row["page"], row["field"]


def compare(before: dict[tuple[str, str, str], Row], rows: list[Row]) -> None:
    """Print each value that differs from the earlier run's."""
    for row in rows:
        old = before.get(key(row))
        if old and old["got"] != row["got"]:
            change = f"{VERDICTS[old['verdict']]} -> {VERDICTS[row['verdict']]}"
            print(f"{' '.join(key(row))}: {change}: {old['got']!r} -> {row['got']!r}")
            print(f"    gold {row['gold']!r}")


if __name__ == "__main__":
    sys.exit(main())
