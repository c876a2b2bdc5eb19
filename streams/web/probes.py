"""Liveness and readiness of the stages in this process.

The rule here: a worker is alive while none of its apps has crashed, and ready once every app
has its partitions and its memory back.
"""

from collections.abc import Sequence

import faust

from streams.store import FactsTable


class Stages:
    """The apps of this process."""

    def __init__(self, apps: Sequence[faust.App]) -> None:
        self._apps = list(apps)

    def crashed(self) -> list[str]:
        """The names of the apps that have crashed."""
        return [app.conf.id for app in self._apps if app.crashed]

    def missing(self) -> dict[str, str]:
        """What each stage still waits for; empty where it is ready."""
        return {app.conf.id: _missing(app) for app in self._apps}

    def memory(self) -> tuple[int, int]:
        """Articles in the index, and facts, over all partitions of this process."""
        articles = facts = 0
        for app in self._apps:
            for table in app.tables.values():
                if isinstance(table, FactsTable):
                    for memory in table.facts.memories.values():
                        articles += memory.articles
                        facts += len(memory)
        return articles, facts


def _missing(app: faust.App) -> str:
    if app.crashed:
        return "it has crashed"
    if not app.started:
        return "it has not started"
    if app.rebalancing:
        return "a rebalance is going on"
    if app.in_recovery or (app.tables and not app.tables.actives_ready):
        return "the memory is being read back from the changelog"
    if not app.consumer.assignment() and not app.tables.actives_ready:
        return "no partitions are assigned yet"
    return ""
