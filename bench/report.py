"""Measured rows -> the tables of docs/quality.md.

Invariant: every figure comes from the rows; none is typed in.
"""

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import adapters
import kinds as pagekinds
from markdown_tables import table

OURS = "cleanwire"
FEWEST_PAGES = 5
FIELDS = ("title", "author", "date")

_HEAD = """# Quality of extraction

Made by `python bench/extraction.py --predictions FILE --write`; do not edit. The labelled pages
are the development halves of four public sets: aeb (article-extraction-benchmark), fundus (news in
many languages), wcxb (articles of web-content-extraction-benchmark) and snippets (trafilatura's
evaluation). F1 is of 4-word shingles, page by page; of snippets, over all their snippets.

A user's pages are of other origins than those that a model learned from. So the first table is what
to expect: each set is judged by a model that saw nothing of it. There, readability and newspaper
are the suites of two other extractors, half of each.

In the second table, the row `cleanwire` is what to expect on a site that the model has not seen:
five models, each of which learned from four fifths of the sites and answered for the others
([model card](model.md)).
`cleanwire, trained on these` is the shipped model on pages it learned from, and flatters.
[How to read the benchmarks](benchmarks.md) explains the columns.
"""


def not_articles(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Kind, URL and HTML of each page in a folder of pages that are no articles."""
    with gzip.open(folder / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        for truth in map(json.loads, lines):
            path = folder / "pages" / f"{truth['id']}.html.gz"
            yield truth["kind"], truth["url"], gzip.decompress(path.read_bytes()).decode("utf-8")


def page(  # noqa: PLR0913 - one for each of its sections
    quality: Mapping[str, Any],
    speed: Mapping[str, Any],
    truths: Mapping[str, Any],
    *,
    steps: Mapping[str, float],
    kinds: Sequence[tuple[str, bool]],
    unseen: bool,
    others: str,
) -> str:
    """Write docs/quality.md, as Markdown.

    Args:
        quality: for each data set, the `summary` and `rows` of every extractor, over all pages.
        speed: the same over a sample of pages, each with the least time of three calls.
        truths: the labelled pages, by id.
        steps: milliseconds for a page, by step.
        kinds: the kind of each page that is no article, and whether it was rejected.
        unseen: whether the rows have answers for sites that the model has not seen.
        others: the section on sets of which the model saw nothing.
    """
    rows = {name: part["rows"] for name, part in quality.items()}
    sections = [
        ("By set, all of it left out", others),
        ("By set, sites left out", _by_set(quality)),
        ("Flattened to lines", _flat(quality) if unseen else ""),
        ("Metadata", _metadata(quality)),
        ("By language", _by_language(rows, truths)),
        ("By kind of page", _by_kind(rows, truths)),
        ("Where F1 is lost", _lost(rows)),
        ("Pages that are no articles", _kinds(kinds) if kinds else ""),
        ("Speed", _speed(speed)),
        ("Where the time goes", _steps(steps)),
    ]
    head = _HEAD if unseen else _HEAD.split("\n\n", maxsplit=1)[0]
    return (
        "\n\n".join([head.strip(), *(f"## {name}\n\n{text}" for name, text in sections if text)])
        + "\n"
    )


def _extractors(quality: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys(name for part in quality.values() for name in part["summary"])
    found = [name for name in names if not name.endswith((", lines", ", set not seen"))]
    return sorted(found, key=lambda name: not name.startswith(OURS))


def _f1(summary: Mapping[str, float]) -> str:
    return f"{summary.get('f1', summary.get('snippet_f1', 0.0)):.3f}"


def _by_set(quality: Mapping[str, Any]) -> str:
    sets = list(quality)
    lines = []
    for name in _extractors(quality):
        cells = []
        for dataset in sets:
            found = quality[dataset]["summary"].get(name)
            cells.append(_f1(found) if found else "")
        lines.append([name, *cells])
    return table(["F1", *sets], lines)


def _flat(quality: Mapping[str, Any]) -> str:
    sets = [name for name in quality if f"{OURS}, lines" in quality[name]["summary"]]
    cells = [_f1(quality[name]["summary"][f"{OURS}, lines"]) for name in sets]
    return "The same pages without their HTML, lines as blocks; sites not seen.\n\n" + table(
        ["F1", *sets], [["cleanwire, of the visible lines alone", *cells]]
    )


def _metadata(quality: Mapping[str, Any]) -> str:
    lines = []
    for name in _extractors(quality):
        cells = []
        for field in FIELDS:
            values = [
                part["summary"][name][f"{field}_right"]
                for part in quality.values()
                if f"{field}_right" in part["summary"].get(name, {})
            ]
            cells.append(f"{sum(values) / len(values):.3f}" if values else "")
        if any(cells):
            lines.append([name, *cells])
    sets = [
        n for n in quality if f"{FIELDS[0]}_right" in next(iter(quality[n]["summary"].values()))
    ]
    return f"Share of right answers, mean over {', '.join(sets)}.\n\n" + table(["", *FIELDS], lines)


def _page_f1(row: Mapping[str, Any]) -> float | None:
    if "match" in row:
        tp, fp, fn = row["match"]
    elif "snippets" in row:
        tp, fp, fn, _ = row["snippets"]
    else:
        return None
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0


def _compared(rows: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys(name for part in rows.values() for name in part)
    return [
        name for name in (OURS, "trafilatura", "resiliparse", "readability-lxml") if name in names
    ]


def _by_language(rows: Mapping[str, Any], truths: Mapping[str, Any]) -> str:
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    names = _compared(rows)
    for part in rows.values():
        for name in names:
            for row in part.get(name, ()):
                f1 = _page_f1(row)
                if f1 is not None:
                    language = (truths[row["id"]].language or "not declared")[:12]
                    found[language][name].append(f1)
    order = sorted(found, key=lambda language: -len(found[language][names[0]]))
    lines = []
    few: dict[str, list[float]] = defaultdict(list)
    for language in order:
        count = len(found[language][names[0]])
        if count < FEWEST_PAGES:
            for name in names:
                few[name] += found[language][name]
            continue
        lines.append([language, str(count), *(_mean(found[language][name]) for name in names)])
    if few:
        lines.append(["others", str(len(few[names[0]])), *(_mean(few[name]) for name in names)])
    return "Mean F1 of a page, all sets, by the language that the page declares.\n\n" + table(
        ["language", "pages", *names], lines
    )


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else ""


def _by_kind(rows: Mapping[str, Any], truths: Mapping[str, Any]) -> str:
    """The table by kind of page."""
    return pagekinds.section(rows, truths, _compared(rows), _page_f1, _is_refused)


def _is_refused(page: Any) -> bool:  # noqa: ANN401 - a class outside the project
    return not adapters.extract(page.html, page.url)["article"]


_CLASSES: tuple[tuple[str, Callable[[float, float, float], bool]], ...] = (
    ("nothing or a wrong block (R < 0.2)", lambda _p, r, _f: r < 0.2),  # noqa: PLR2004 - as the label says
    ("much extra text (P < 0.8, R >= 0.8)", lambda p, r, _f: p < 0.8 <= r),  # noqa: PLR2004 - as the label says
    ("part of the body missing (R < 0.8, P >= 0.8)", lambda p, r, _f: r < 0.8 <= p),  # noqa: PLR2004 - as the label says
    ("both (P < 0.8, R < 0.8)", lambda p, r, _f: p < 0.8 and r < 0.8),  # noqa: PLR2004 - as the label says
    ("small errors (F1 < 0.95)", lambda _p, _r, f: f < 0.95),  # noqa: PLR2004 - as the label says
    ("nearly right (F1 >= 0.95)", lambda _p, _r, _f: True),
)


def _lost(rows: Mapping[str, Any]) -> str:
    names = _compared(rows)
    lost: dict[str, Counter[str]] = {name: Counter() for name in names}
    count: dict[str, Counter[str]] = {name: Counter() for name in names}
    for part in rows.values():
        for name in names:
            for row in part.get(name, ()):
                if "match" not in row:
                    continue
                tp, fp, fn = row["match"]
                precision = tp / (tp + fp) if tp + fp else 0.0
                recall = tp / (tp + fn) if tp + fn else 0.0
                f1 = _page_f1(row) or 0.0
                kind = next(label for label, holds in _CLASSES if holds(precision, recall, f1))
                lost[name][kind] += 1 - f1
                count[name][kind] += 1
    pages = sum(count[names[0]].values())
    lines = [
        [
            label,
            *(
                f"{100 * lost[name][label] / max(pages, 1):.2f} ({count[name][label]})"
                for name in names
            ),
        ]
        for label, _ in _CLASSES
    ]
    total = ["all", *(f"{100 * sum(lost[name].values()) / max(pages, 1):.2f}" for name in names)]
    return (
        f"Points of mean page F1 lost, by kind of failure, over the {pages} pages with a full gold "
        "text; in brackets the pages.\n\n" + table(["", *names], [*lines, total])
    )


def _kinds(kinds: Sequence[tuple[str, bool]]) -> str:
    total = Counter(kind for kind, _ in kinds)
    gone = Counter(kind for kind, refused in kinds if refused)
    lines = [
        [kind, str(total[kind]), f"{100 * gone[kind] / total[kind]:.0f} %"]
        for kind in sorted(total, key=lambda kind: -gone[kind] / total[kind])
    ]
    return (
        "Refused as `no-article` by the shipped model, which learned from the collections and "
        "listings here; the [model card](model.md) has the figures on sites not seen.\n\n"
        + table(["kind", "pages", "refused"], lines)
    )


def _speed(speed: Mapping[str, Any]) -> str:
    times: dict[str, list[float]] = defaultdict(list)
    for part in speed.values():
        for name, rows in part["rows"].items():
            times[name] += [row["cpu"] * 1000 for row in rows]
    if OURS not in times:
        return ""
    ours = sum(times[OURS])
    lines = []
    for name, values in sorted(times.items(), key=lambda item: sum(item[1])):
        ordered = sorted(values)
        lines.append(
            [
                name,
                f"{sum(values) / len(values):.2f}",
                f"{ordered[len(ordered) // 2]:.2f}",
                f"{ordered[int(len(ordered) * 0.99)]:.1f}",
                f"{sum(values) / ours:.2f}",
            ]
        )
    return (
        f"CPU time a page over {len(times[OURS])} pages, least of three calls, one process; "
        "cleanwire with metadata, signature and id. Compare the ratios, not the times.\n\n"
        + table(["", "ms/page", "median", "p99", "times cleanwire"], lines)
    )


def _steps(steps: Mapping[str, float]) -> str:
    whole = steps["all"]
    parts = {name: spent for name, spent in steps.items() if name != "all"}
    parts["the rest"] = whole - sum(parts.values())
    lines = [
        [name, f"{spent:.2f}", f"{100 * spent / whole:.0f} %"]
        for name, spent in sorted(parts.items(), key=lambda item: -item[1])
    ]
    return "Once through the same pages, one process.\n\n" + table(
        ["step", "ms/page", "share"], [*lines, ["all", f"{whole:.2f}", "100 %"]]
    )
