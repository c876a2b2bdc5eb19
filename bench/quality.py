"""Extraction and near-duplicate scores on the development data, and the recorded baseline.

    python bench/quality.py             print the scores next to the baseline
    python bench/quality.py --record    make them the baseline

The data and the measuring programs come from ../shared beside the repository. If they are not
there, there is nothing to measure, and the program says so. The test suite compares every score
with `bench/baseline.json`.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from resiliparse.extract.html2text import extract_plain_text

import cleanwire

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

from labelled import SHARED, evaluator, f1, farms, site_pages  # noqa: E402 - found by the line above

BASELINE = HERE / "baseline.json"

EXTRACTION = ("aeb", "fundus", "wcxb", "snippets", "readability", "newspaper", "postlight")
SITE_PAGES = 4
"""How many pages of each site with many pages are measured."""
FARMS = ("--seed", "7", "--harsh", "--sites", "8", "--pages", "10")
"""The content farms that are measured; the model learned from other seeds."""
FLATTENED = ("aeb", "fundus")
REFUSED = ("collection", "listing")
DEDUP = ("synth", "reuters", "newscluster")
SECONDS_A_PAGE = 30


def scores() -> dict[str, float]:
    """All scores by name; higher is better."""
    sys.path[:0] = [str(HERE), str(SHARED / "bench" / "extraction")]
    found = _extraction() | _sites() | _farms() | _flattened() | _no_articles()
    sys.path.insert(0, str(SHARED / "bench" / "dedup"))
    sys.modules.pop("evaluate", None)
    return found | _dedup()


def _extraction() -> dict[str, float]:
    adapters = importlib.import_module("adapters")
    corpus = importlib.import_module("corpus")
    evaluate = importlib.import_module("evaluate")
    found: dict[str, float] = {}
    for name in EXTRACTION:
        pages = list(corpus.read_dataset(SHARED / "data" / "extraction" / name))
        rows = evaluate.measure(pages, {"cleanwire": adapters.extract}, SECONDS_A_PAGE, 1, None)
        summary = evaluate.summary(rows["cleanwire"], bootstrap=2)
        # The first words of a page are no measure of its text.
        if name != "postlight":
            key = "snippet_f1" if name == "snippets" else "f1"
            found[f"extraction {name} F1"] = summary[key]
        for field in ("title", "author", "date"):
            if f"{field}_right" in summary:
                found[f"extraction {name} {field}"] = summary[f"{field}_right"]
        found[f"extraction {name} answered"] = 1 - summary["errors"] - summary["timeouts"]
    return found


def _sites() -> dict[str, float]:
    """F1 of a sample of pages of sites with many pages."""
    folders = sorted(path for path in (SHARED / "data" / "sites").iterdir() if path.is_dir())
    return {"extraction sites F1": _f1_of_sites(folders, SITE_PAGES)}


def _farms() -> dict[str, float]:
    """F1 and titles of generated content farms."""
    with farms(*FARMS) as folders:
        return {"extraction farms F1": _f1_of_sites(folders, None)}


def _f1_of_sites(folders: Sequence[Path], most: int | None) -> float:
    adapters = importlib.import_module("adapters")
    return f1(
        [
            evaluator().shingle_match(truth["text"], adapters.unjudged(html, truth["url"])["text"])
            for folder in folders
            for truth, html in site_pages(folder, most)
            if truth.get("shape") != "text"
        ]
    )


def _flattened() -> dict[str, float]:
    """F1 of pages of which only the visible lines are given, without their HTML."""
    corpus = importlib.import_module("corpus")
    evaluate = importlib.import_module("evaluate")
    found: dict[str, float] = {}
    for name in FLATTENED:
        matches = []
        for page in corpus.read_dataset(SHARED / "data" / "extraction" / name):
            flat = extract_plain_text(page.html, main_content=False)
            try:
                text = cleanwire.clean_page(
                    flat, content_type="text/plain", require_article=False
                ).text
            except cleanwire.PageRejected:
                text = ""
            matches.append(evaluate.shingle_match(page.text, text))
        found[f"flattened {name} F1"] = evaluate.shingle_scores(matches)[2]
    return found


def _no_articles() -> dict[str, float]:
    """The share of the pages that are no articles which is rejected."""
    adapters = importlib.import_module("adapters")
    report = importlib.import_module("report")
    refused = [
        not adapters.extract(html, url)["article"]
        for kind, url, html in report.not_articles(SHARED / "data" / "extraction" / "not-articles")
        if kind in REFUSED
    ]
    return {"no-article refused": sum(refused) / len(refused)}


def _dedup() -> dict[str, float]:
    adapters = importlib.import_module("adapters")
    evaluate = importlib.import_module("evaluate")
    corpus = importlib.import_module("make_corpus")
    found: dict[str, float] = {}
    for name in DEDUP:
        documents = list(corpus.read_jsonl(str(SHARED / "data" / "dedup" / f"{name}.jsonl.gz")))
        parents, _ = evaluate.run_stream(adapters.deduper(), documents, {})
        metrics = evaluate.metrics(documents, parents)
        found[f"near-duplicates {name} F1"] = metrics["drop_F1"]
        found[f"near-duplicates {name} stories kept"] = 1 - metrics["lost_per_1000"] / 1000
    return found


def main() -> int:
    """Print the scores next to the baseline, or record them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--record", action="store_true", help="make them the baseline")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"nothing to measure: {SHARED.name} is not beside the repository")
        return 0
    baseline: dict[str, Any] = json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {}
    found = scores()
    for name, value in found.items():
        print(f"{name:<42} {value:.4f}   baseline {baseline.get(name, float('nan')):.4f}")
    if arguments.record:
        rounded = {name: round(value, 4) for name, value in found.items()}
        BASELINE.write_text(json.dumps(rounded, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
