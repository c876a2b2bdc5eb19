"""Measured rows of bench/dedup.py -> Markdown tables and SVG pictures.

Invariant: every figure and every point comes from a row, so saved rows give the same tables and
pictures as the run that measured them.
"""

import functools
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from markdown_tables import table

Row = dict[str, Any]

OURS = "cleanwire"
REFERENCE = "rensa k=3"
STATED = "cleanwire, stated"
ESTIMATED = "cleanwire, signatures"
STEPS = 5

_COLOURS = {"cleanwire": "#c0392b", "datasketch": "#2e7d4f", "rensa": "#2c5f9e", "gaoya": "#8a6d1d"}
_STYLES = {"k=3": "-", "tuned": "--", "default": ":"}


def latest(rows: Iterable[Row]) -> list[Row]:
    """The rows of the last run of each deduper in each set."""
    rows = list(rows)
    last: dict[tuple[str, ...], str] = {}
    for row in rows:
        last[_subject(row)] = max(row["run"], last.get(_subject(row), ""))
    return [row for row in rows if row["run"] == last[_subject(row)]]


def _subject(row: Row) -> tuple[str, ...]:
    return row["part"], row["deduper"], row.get("set", "")


def tables(rows: Sequence[Row]) -> str:
    """Every table for which there are rows, as Markdown."""
    sections: tuple[tuple[str, str, Callable[[Sequence[Row]], str]], ...] = (
        ("quality", "Quality", _quality),
        ("speed", "Speed", _speed),
        ("curves", "Scale", _scale),
        ("hostile", "Hostile input", _hostile),
        ("similarity", "Stated similarity", _similarity),
    )
    parts = defaultdict(list)
    for row in rows:
        parts[row["part"]].append(row)
    return "\n\n".join(
        f"## {title}\n\n{make(parts[part])}" for part, title, make in sections if parts[part]
    )


def _by(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _quality(rows: Sequence[Row]) -> str:
    named = [row for row in rows if row["seed"] is None]
    made = [row for row in rows if row["seed"] is not None]
    out = []
    for name, group in _by(named, "set").items():
        head = [name, "drop P", "drop R", "drop F1", "pair F1", "lost/1000", "teasers recognised"]
        lines = [
            [
                row["deduper"],
                *(f"{row[key]:.3f}" for key in ("drop_P", "drop_R", "drop_F1", "pair_F1")),
                f"{row['lost_per_1000']:.1f}",
                _share(row["kinds"].get("teaser")),
            ]
            for row in group
        ]
        first = group[0]
        out.append(f"{first['docs']:,} scored documents, {first['stories']:,} stories.")
        out.append(table(head, lines))
        if any(kind.startswith("neg:") for kind in first["kinds"]):
            out.append("Dropped of how many, by kind; of `neg` and `first` it should be none:")
            out.append(_kinds(group))
    if made:
        out.append("Other streams from the articles of synth, mean (least to greatest) over seeds:")
        out.append(_seeds(made))
    return "\n\n".join(out)


def _share(found: Sequence[int] | None) -> str:
    return f"{found[1]}/{found[0]}" if found else ""


def _kinds(group: Sequence[Row]) -> str:
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in group:
        for kind, (seen, dropped) in row["kinds"].items():
            count = counts["first" if kind.startswith("first:") else kind][row["deduper"]]
            count[0] += seen
            count[1] += dropped
    names = [row["deduper"] for row in group]
    lines = [[kind, *(_share(counts[kind][name]) for name in names)] for kind in sorted(counts)]
    return table(["kind", *names], lines)


def _seeds(rows: Sequence[Row]) -> str:
    keys = {"drop_F1": ".3f", "pair_F1": ".3f", "lost_per_1000": ".0f"}
    lines = []
    for mixture, group in _by(rows, "mixture").items():
        for deduper, some in _by(group, "deduper").items():
            teasers = [row["kinds"].get("teaser", (0, 0)) for row in some]
            cells = []
            for key, form in keys.items():
                values = [row[key] for row in some]
                mean, least, most = statistics.mean(values), min(values), max(values)
                cells.append(f"{mean:{form}} ({least:{form}} to {most:{form}})")
            cells.append(_share([sum(column) for column in zip(*teasers, strict=True)]))
            lines.append([f"{mixture}, {deduper}", str(len(some)), *cells])
    return table(
        ["mixture", "streams", "drop F1", "pair F1", "lost/1000", "teasers recognised"], lines
    )


def _speed(rows: Sequence[Row]) -> str:
    first = rows[0]
    lines = [
        [
            row["deduper"],
            f"{row['docs_per_s']:,.0f}",
            f"{row['ratio']:.2f}" if row["ratio"] else "",
            f"{row['first']:,.0f}",
            f"{row['last']:,.0f}",
            f"{row['dropped']:,}",
        ]
        for row in sorted(rows, key=lambda row: -row["docs_per_s"])
    ]
    return (
        f"{first['docs']:,} documents of {first['kb']:.1f} kB in interleaved chunks, one process, "
        "CPU time. Compare the ratios, not the speeds.\n\n"
        + table(["", "docs/s", f"times {REFERENCE}", "first chunk", "last chunk", "dropped"], lines)
    )


def _scale(rows: Sequence[Row]) -> str:
    head = ["", "documents", "indexed", "docs/s since the row above", "bytes an article", "MB"]
    lines = []
    for row in rows:
        if row["failed"]:
            lines.append([row["deduper"], row["failed"], *[""] * (len(head) - 2)])
            continue
        lines.append(
            [
                row["deduper"] + (f" (ended by {row['ended']})" if row["ended"] else ""),
                f"{row['docs']:,}",
                f"{row['indexed']:,}",
                f"{row['docs_per_s']:,.0f}",
                f"{row['bytes_per_article']:,.0f}",
                f"{row['rss'] / 1e6:,.0f}",
            ]
        )
    return (
        "One process a deduper; CPU time of adding alone; growth of the resident set over a "
        "deduper that has warmed up.\n\n" + table(head, lines)
    )


def _hostile(rows: Sequence[Row]) -> str:
    head = ["", "docs", "docs/s at first", "at last", "times slower", "MB", "wrongly dropped"]
    head += ["copies missed", "ended by"]
    out = []
    for case, group in _by(rows, "set").items():
        lines = []
        for row in group:
            if row["failed"]:
                lines.append([row["deduper"], *[""] * (len(head) - 2), row["failed"]])
                continue
            lines.append(
                [
                    row["deduper"],
                    f"{row['docs']:,}",
                    f"{row['first']:,.0f}",
                    f"{row['last']:,.0f}",
                    f"{row['first'] / row['last']:.2f}",
                    f"{row['rss'] / 1e6:,.1f}",
                    f"{row['wrong']:,}/{row['stories']:,}",
                    f"{row['missed']:,}/{row['copies']:,}",
                    row["ended"] or "",
                ]
            )
        out.append(table([case, *head[1:]], lines))
    return "\n\n".join(out)


def _errors(label: str, rows: Sequence[Row]) -> list[str]:
    errors = [row["estimate"] - row["exact"] for row in rows if row["estimate"] is not None]
    if not errors:
        return [label, f"0/{len(rows)}", "", "", ""]
    sizes = sorted(map(abs, errors))
    return [
        label,
        f"{len(errors)}/{len(rows)}",
        f"{statistics.mean(errors):+.4f}",
        f"{statistics.mean(sizes):.4f}",
        f"{sizes[min(len(sizes) - 1, int(0.95 * len(sizes)))]:.4f}",
    ]


def _similarity(rows: Sequence[Row]) -> str:
    groups = _by(rows, "deduper")
    head = ["", "of pairs", "mean error", "mean absolute error", "95 % quantile"]
    parts: list[tuple[str, Callable[[Row], bool]]] = []
    for key in ("words", "change"):
        parts += [
            (f"{key}: {value}", functools.partial(_has, key=key, value=value))
            for value in dict.fromkeys(row[key] for row in rows)
        ]
    for step in range(STEPS):
        least, most = step / STEPS, (step + 1) / STEPS
        within = functools.partial(_within, least=least, most=most)
        parts.append((f"exact: {least:.1f} to {most:.1f}", within))
    lines = [
        [label, *(_errors("", list(filter(held, group)))[3] for group in groups.values())]
        for label, held in parts
    ]
    return (
        "Against the exact similarity of the sets of 3-word shingles: Jaccard, and of what was cut "
        "its containment. A verdict states one only of what it calls a copy.\n\n"
        + table(head, [_errors(name, group) for name, group in groups.items()])
        + "\n\nMean absolute error by part:\n\n"
        + table(["", *groups], lines)
    )


def _has(row: Row, *, key: str, value: object) -> bool:
    return bool(row[key] == value)


def _within(row: Row, *, least: float, most: float) -> bool:
    return least <= row["exact"] < most or most == row["exact"] == 1


def pictures(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw every picture for which there are rows; returns the files."""
    import matplotlib as mpl  # noqa: PLC0415 - the tables do not need it

    mpl.use("svg")
    mpl.rcParams |= {
        "svg.fonttype": "none",
        "svg.hashsalt": "cleanwire",
        "font.size": 12,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e4e4e4",
        "figure.facecolor": "white",
    }
    folder.mkdir(parents=True, exist_ok=True)
    scale = [row for row in rows if row["part"] == "curves" and not row["failed"]]
    pairs = [row for row in rows if row["part"] == "similarity"]
    made = []
    if scale:
        made.append(folder / "scale-speed.svg")
        _lines(scale, "docs_per_s", "documents a CPU second", made[-1])
        made.append(folder / "scale-memory.svg")
        _lines(scale, "bytes_per_article", "bytes an indexed article", made[-1])
    if pairs:
        made.append(folder / "similarity.svg")
        _points(pairs, made[-1])
    return made


def _lines(rows: Sequence[Row], key: str, label: str, path: Path) -> None:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the tables do not need it

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for name, group in _by(rows, "deduper").items():
        library, _, setting = name.partition(" ")
        ours = name == OURS
        axes.plot(
            [row["docs"] for row in group],
            [row[key] for row in group],
            label=name,
            color=_COLOURS.get(library, "black"),
            linestyle=_STYLES.get(setting, "-"),
            linewidth=3 if ours else 1.6,
            marker="o",
            markersize=6 if ours else 4,
            zorder=3 if ours else 2,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_formatter("")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("documents seen")
    axes.set_ylabel(label)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    _save(figure, path)


def _points(rows: Sequence[Row], path: Path) -> None:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the tables do not need it

    groups = _by(rows, "deduper")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    left.plot([0, 1], [0, 1], color="#888888", linewidth=1)
    stated = [row for row in groups.get(STATED, ()) if row["estimate"] is not None]
    named = {row["pair"] for row in stated}
    silent = [row for row in groups.get(ESTIMATED, ()) if row["pair"] not in named]
    for some, colour, label in (
        (stated, _COLOURS[OURS], "stated by the verdict"),
        (silent, "#7f9cc4", "published; from the signatures"),
    ):
        left.plot(
            [row["exact"] for row in some],
            [row["estimate"] for row in some],
            linestyle="none",
            marker="o",
            markersize=3,
            markeredgewidth=0,
            color=colour,
            label=label,
        )
    left.set_xlabel("exact similarity")
    left.set_ylabel("estimate")
    left.legend(frameon=False, loc="upper left")
    errors = {
        name: [row["estimate"] - row["exact"] for row in some if row["estimate"] is not None]
        for name, some in groups.items()
    }
    shown = {name.replace(", ", ",\n"): values for name, values in errors.items() if values}
    right.axhline(0, color="#888888", linewidth=1)
    right.boxplot(list(shown.values()), tick_labels=list(shown), whis=(5, 95), showfliers=False)
    right.tick_params(axis="x", labelsize=9)
    right.set_ylabel("error; box: quartiles, whiskers: 5 % to 95 %")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:  # noqa: ANN401 - the tables do not need matplotlib
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
