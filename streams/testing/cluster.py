"""Several embedded brokers as one cluster, so that one of them can be killed.

Invariant: an acknowledged record survives the loss of any one broker. If there are three brokers
or more, every topic has copies on three of them, and a record is acknowledged once two have it.
"""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.testing.broker import EmbeddedBroker, Member, cluster_id
from streams.testing.ports import free_port

HEAP = "384m"

FENCED_AFTER_MS = 4000
"""A broker that is silent for this time loses its leaderships."""


class EmbeddedCluster:
    """Kafka brokers as child processes, each a controller too; use as a context manager.

    Args:
        data_dir: each broker gets a folder of its own in it.
        brokers: how many brokers.
        heap: of each broker, as `java -Xmx` takes it.
        properties: further lines of `server.properties` for all of them.
        say: called with a line for people when something takes long.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        brokers: int = 3,
        heap: str = HEAP,
        properties: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        ports: list[int] = []
        while len(ports) < 2 * brokers:
            # The same free port may be drawn again while no process listens on it.
            ports = list(dict.fromkeys((*ports, free_port())))
        controllers = {node: ports.pop() for node in range(1, brokers + 1)}
        cluster = cluster_id()
        self.replication_factor = min(3, brokers)
        shared = {
            "min.insync.replicas": str(min(2, brokers)),
            "broker.session.timeout.ms": str(FENCED_AFTER_MS),
            "broker.heartbeat.interval.ms": str(FENCED_AFTER_MS // 8),
        }
        self.brokers = [
            EmbeddedBroker(
                data_dir / f"broker-{node}",
                port=ports.pop(),
                heap=heap,
                member=Member(cluster=cluster, node=node, controllers=controllers),
                properties={**shared, **(properties or {})},
                say=say,
            )
            for node in controllers
        ]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """All brokers as host:port, comma-separated, for `CLEANWIRE_BROKER`."""
        return ",".join(broker.address for broker in self.brokers)

    def start(self) -> None:
        """Start all brokers and wait until they answer.

        Raises:
            OperationalError: for the same reasons as in `EmbeddedBroker.start`.
        """
        with contextlib.ExitStack() as undo:
            for broker in self.brokers:
                broker.launch()
                undo.callback(broker.kill)
            for broker in self.brokers:
                broker.wait_until_up()
            undo.pop_all()

    def stop(self) -> None:
        """Kill all brokers. An orderly stop does not work: the last two wait for each other."""
        for broker in self.brokers:
            broker.kill()
