"""The rows that `bench/stream.py` measures, as tables in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from markdown_tables import table

HOMEMADE = "homemade script"
"""The mode of the rows of `bench/homemade.py`."""


def tables(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as Markdown."""
    streams = [row for row in rows if row["mode"] == "stream"]
    batch = [row["cpu_ms"] for row in rows if row["mode"] == "batch"]
    load = f"at {100 * streams[0]['load']:.0f} %"
    head = ["partitions", "pages/s", "CPU ms/page", "main process", "cleaning", "broker apart"]
    head += ["batch mode", f"{streams[0]['processes']} at a time", "Kafka costs", "share"]
    head += [f"{load}: CPU ms/page", "p50 s", "p99 s"]
    lines = []
    for row in streams:
        cost = row["cpu_ms"] - row["batch_cpu_ms"]
        names: tuple[str, ...] = ("cpu_ms", "main_ms", "cleaning_ms", "broker_ms")
        names += ("batch_cpu_ms", "batch_beside_cpu_ms")
        lines.append(
            [
                str(row["partitions"]),
                f"{row['pages_per_second']:.0f}",
                *(f"{row[name]:.2f}" for name in names),
                f"{cost:.2f}",
                f"{100 * cost / row['cpu_ms']:.0f} %",
                *(f"{row[f'paced_{name}']:.2f}" for name in ("cpu_ms", "p50", "p99")),
            ]
        )
    modes = {
        "batch mode": sum(batch) / len(batch),
        **{f"stream, {row['partitions']} partitions": row["cpu_ms"] for row in streams},
    }
    modes.update((HOMEMADE, row["cpu_ms"]) for row in rows if row["mode"] == HOMEMADE)
    least = modes.get(HOMEMADE, modes["batch mode"])
    against = "times the script" if HOMEMADE in modes else "times batch"
    compared = [
        [name, f"{cost:.2f}", f"{1000 / cost:.0f}", f"{least / cost:.2f}"]
        for name, cost in modes.items()
    ]
    return "\n\n".join(
        [
            table(head, lines),
            table(["", "CPU ms/page", "pages per CPU second", against], compared),
        ]
    )
