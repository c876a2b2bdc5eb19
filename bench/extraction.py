"""Cleanwire against the best extractors, on labelled pages: docs/quality.md.

    python bench/extraction.py                          the sets in ../shared, tables on stdout
    python bench/extraction.py --data DIR [--data DIR]  other data sets of the same form
    python bench/extraction.py --predictions FILE       with what `train.py --texts FILE` wrote
    python bench/extraction.py ... --write              into docs/quality.md

../shared/bench/extraction/evaluate.py measures quality, speed and failures. It gives each page to
every extractor before it goes on to the next page. Extractors that are not installed are left out;
the extra `bench` installs them.
"""

import argparse
import importlib
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
PROGRAM = SHARED / "bench" / "extraction"
SETS = ("aeb", "fundus", "wcxb", "snippets")
ANCHORS = {
    "trafilatura": ("trafilatura", "trafilatura"),
    "trafilatura with metadata": ("trafilatura_metadata", "trafilatura"),
    "resiliparse": ("resiliparse", "resiliparse"),
    "readability-lxml": ("readability_lxml", "readability"),
}
TIMED = ("cleanwire", "trafilatura", "trafilatura with metadata", "resiliparse")
OUTPUT = HERE.parent / "docs" / "quality.md"

sys.path[:0] = [str(HERE), str(PROGRAM)]

import cost  # noqa: E402 - found by the line above
import origins  # noqa: E402 - found by the line above
import report  # noqa: E402 - found by the line above


def main() -> int:
    """Measure and print, or write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, action="append", default=[], help="data set folder")
    parser.add_argument("--predictions", type=Path, help="answers of models that saw no such site")
    parser.add_argument("--sample", type=int, default=40, help="timed pages of each data set")
    parser.add_argument("--write", action="store_true", help="write docs/quality.md")
    arguments = parser.parse_args()
    if not PROGRAM.is_dir():
        print(f"nothing to measure: {SHARED.name} is not beside the repository")
        return 0
    root = SHARED / "data" / "extraction"
    folders = arguments.data or [root / name for name in SETS]
    extractors = ["cleanwire", *(name for name, (_, module) in ANCHORS.items() if _has(module))]
    more = ["--predictions", str(arguments.predictions)] if arguments.predictions else []
    quality = run(folders, extractors, more)
    speed = run(
        folders,
        [name for name in TIMED if name in extractors],
        ["--sample", str(arguments.sample), "--repeat", "3"],
    )
    truths = {page.id: page for folder in folders for page in pages(folder)}
    others = root / "not-articles"
    timed = [page for folder in folders for page in list(pages(folder))[: arguments.sample]]
    cost.costs(timed)  # this first run reads tables and fills caches; it is not reported
    text = report.page(
        quality,
        speed,
        truths,
        steps=cost.costs(timed),
        kinds=list(refused(others)) if others.is_dir() and not arguments.data else [],
        unseen=arguments.predictions is not None,
        others=unseen_sets(arguments.predictions) if arguments.predictions else "",
    )
    if arguments.write:
        OUTPUT.write_text(text, "utf-8")
    else:
        print(text)
    return 0


def unseen_sets(predictions: Path) -> str:
    """The tables of sets of which the model saw nothing, if there are answers for them."""
    tools = [tool for tool, module in ANCHORS.values() if tool in origins.NAMES and _has(module)]
    return origins.section(origins.scored(predictions, tools))


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def run(folders: Sequence[Path], extractors: Sequence[str], more: Sequence[str]) -> dict[str, Any]:
    """The results of evaluate.py: `summary` and `rows` of each data set, each by extractor."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results.json"
        command = [sys.executable, str(PROGRAM / "evaluate.py"), "--out", str(out)]
        command += ["--path", str(HERE), "--path", str(HERE.parent), *more]
        for path in folders:
            command += ["--data", str(path)]
        for name in extractors:
            spec = f"anchors:{ANCHORS[name][0]}" if name in ANCHORS else "adapters:extract"
            shown = "cleanwire, trained on these" if more[:1] == ["--predictions"] else name
            command += ["--extractor", f"{shown if name == 'cleanwire' else name}={spec}"]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 - our own program
        if done.returncode:
            sys.exit(f"evaluate.py ended with {done.returncode}")
        found: dict[str, Any] = json.loads(out.read_text("utf-8"))
        return found


def pages(folder: Path) -> Iterator[Any]:
    """The pages of a data set, each with its expected answers."""
    yield from importlib.import_module("corpus").read_dataset(folder)


def refused(folder: Path) -> Iterator[tuple[str, bool]]:
    """The kind of each page that is no article, and whether it was rejected."""
    adapters = importlib.import_module("adapters")
    for kind, url, html in report.not_articles(folder):
        yield kind, not adapters.extract(html, url)["article"]


if __name__ == "__main__":
    sys.exit(main())
