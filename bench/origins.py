"""Pages of other origins: a whole set is judged by a model that learned from nothing of it.

Invariant: ours and the other tools are compared on the same pages, and an interval is of the
difference. Pages of one site are drawn together, because they are right or wrong together.
"""

import dataclasses
import gzip
import importlib
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from labelled import counts, evaluator, f1
from markdown_tables import table

HERE = Path(__file__).resolve().parent
UNSEEN_SET = "cleanwire, set not seen"
NAMES = {
    "trafilatura_metadata": "trafilatura",
    "readability_lxml": "readability-lxml",
    "resiliparse": "resiliparse",
}
"""The other tools: their names in anchors.py, and in the table."""
DRAWS = 2000
SECONDS_A_PAGE = 30.0
EARLIER = HERE / "origins.json"
"""The same scores of the recipe before, as they were when both protocols were published."""


@dataclasses.dataclass(slots=True)
class Scored:
    """The scores of a set: of each page the site, and for each name the counts."""

    sites: list[str]
    counts: dict[str, list[Sequence[float]]]

    def f1(self, name: str, pages: Sequence[int] | None = None) -> float:
        """F1 of a name over all pages, or some of them."""
        rows = self.counts[name]
        return f1(rows if pages is None else [rows[page] for page in pages])

    def best(self) -> str:
        """The tool with the highest F1."""
        return max((name for name in self.counts if name != UNSEEN_SET), key=self.f1)

    def interval(self, other: str) -> tuple[float, float]:
        """95 percent of the differences to another name, over draws of sites."""
        by_site: dict[str, list[int]] = defaultdict(list)
        for page, site in enumerate(self.sites):
            by_site[site].append(page)
        groups = list(by_site.values())
        draw = random.Random(1)  # noqa: S311 - a draw, no secret
        found = []
        for _ in range(DRAWS):
            pages = [page for group in draw.choices(groups, k=len(groups)) for page in group]
            found.append(self.f1(UNSEEN_SET, pages) - self.f1(other, pages))
        found.sort()
        return found[int(DRAWS * 0.025)], found[int(DRAWS * 0.975) - 1]


def scored(predictions: Path, tools: Sequence[str]) -> dict[str, Scored]:
    """The scores of all sets of which there are answers.

    Args:
        predictions: what `tools/train.py --texts` wrote.
        tools: the names of the other tools in anchors.py.
    """
    sys.path[:0] = [str(HERE.parent / "tools")]
    dataset = importlib.import_module("training.dataset")
    validation = importlib.import_module("training.validation")
    evaluate, anchors = evaluator(), importlib.import_module("anchors")
    answers = dict(_answers(predictions))
    found: dict[str, Scored] = {}
    for name, site, truth in dataset.pages(validation.JUDGED_WHOLE):
        if truth.id not in answers or getattr(truth, "is_lines", False):
            continue
        here = found.setdefault(name, Scored([], defaultdict(list)))
        here.sites.append(site)
        texts = {UNSEEN_SET: answers[truth.id]}
        for tool in tools:
            answer, *_ = evaluate.run_once(
                getattr(anchors, tool), truth.html, truth.url, SECONDS_A_PAGE
            )
            texts[NAMES[tool]] = answer["text"]
        for shown, text in texts.items():
            here.counts[shown].append(counts(truth, text))
    return found


def _answers(predictions: Path) -> Iterator[tuple[str, str]]:
    with gzip.open(predictions, "rt", encoding="utf-8") as lines:
        for answer in map(json.loads, lines):
            if answer["name"] == UNSEEN_SET:
                yield answer["id"], answer["text"]


def section(found: Mapping[str, Scored]) -> str:
    """The tables, as Markdown."""
    earlier = json.loads(EARLIER.read_text("utf-8")) if EARLIER.exists() else {}
    lines = []
    for name, here in found.items():
        best = here.best()
        low, high = here.interval(best)
        lines.append(
            [
                name,
                str(len(here.sites)),
                f"{earlier[name]:.3f}" if name in earlier else "",
                f"{here.f1(UNSEEN_SET):.3f}",
                f"{here.f1(best):.3f} ({best})",
                f"{low:+.3f} to {high:+.3f}",
            ]
        )
    return (
        "F1 on pages of an origin that the model saw nothing of: the whole set, sets of the same "
        "people and all pages of its sites are left out. `sites` are 26 sites with many pages, of "
        "each 15; `farms` are generated content farms. The last column is the 95 % interval of the "
        "difference to the best tool, over 2,000 draws of sites.\n\n"
        + table(
            ["set", "pages", "recipe before", "cleanwire", "best tool", "difference"],
            lines,
        )
    )
