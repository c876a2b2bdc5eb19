"""Finds lagging partitions of this worker's groups that no member of the group owns.

Invariants:

- A partition is reported after it has lagged without an owner for the whole limit, in a group that
  did not rebalance meanwhile. A rebalance, an owner, no lag, or no answer begins the time anew.
- The brokers are asked only while something lags, and at most once in `LEAST_SECONDS`.

Such a group looks healthy from each of its members: all are ready with what they were assigned. It
happens when the leader of a group leaves a partition out.
"""

import dataclasses
import time
from collections.abc import Collection, Mapping, Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import for_code

from streams.web.reading.state import Lag

LEAST_SECONDS = 3.0

_AT_REST = frozenset({"Stable", "Empty", "Dead"})
"""States of a group in which no rebalance runs."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A consumer group, as the brokers describe it.

    Attributes:
        is_at_rest: whether no rebalance runs.
        owned: topic and partition of everything that its members were assigned.
    """

    is_at_rest: bool
    owned: Collection[tuple[str, int]]


class Owners:
    """What is known of the owners of this worker's input.

    Args:
        groups: the stages of this worker, by their consumer groups.
        limit: seconds after which a lagging partition without an owner is reported.

    Attributes:
        missing: a line for each stage whose group has such a partition.
    """

    def __init__(self, groups: Mapping[str, str], limit: float) -> None:
        self._groups = groups
        self._limit = limit
        self._since: dict[tuple[str, str, int], float] = {}
        self._asked = float("-inf")
        self.missing: dict[str, str] = {}

    async def look(self, admin: AIOKafkaAdminClient, lags: Sequence[Lag]) -> None:
        """Take in how far the groups are behind, and ask for their members if that is due.

        Raises:
            KafkaError: the brokers do not answer, or refuse.
        """
        lagging = self._lagging(lags)
        now = time.monotonic()
        if lagging and now - self._asked < LEAST_SECONDS:
            return
        self._asked = now
        groups = {lag.group for lag in lagging}
        self.note(now, lags, {group: await describe(admin, group) for group in sorted(groups)})

    def note(self, now: float, lags: Sequence[Lag], groups: Mapping[str, Group]) -> None:
        """Take in how far the groups are behind, and who owns what.

        Args:
            now: seconds of a clock that only goes forward.
            lags: how far every group is behind, by partition.
            groups: the groups that are behind.
        """
        without = {}
        for lag in self._lagging(lags):
            group = groups[lag.group]
            if group.is_at_rest and (lag.topic, lag.partition) not in group.owned:
                without[lag.group, lag.topic, lag.partition] = lag
        self._since = {place: self._since.get(place, now) for place in without}
        self.missing.clear()
        for place, since in sorted(self._since.items()):
            if now - since >= self._limit:
                self.missing.setdefault(self._groups[place[0]], _line(without[place], now - since))

    def forget(self) -> None:
        """Begin anew, because the brokers could not be asked."""
        self._since.clear()
        self.missing.clear()

    def _lagging(self, lags: Sequence[Lag]) -> list[Lag]:
        # What waits for the end of a transaction could not be read by an owner either.
        return [lag for lag in lags if lag.group in self._groups and lag.records > lag.held]


def _line(lag: Lag, seconds: float) -> str:
    return (
        f"group {lag.group} has no owner for {lag.topic} partition {lag.partition}, "
        f"{lag.records} behind, for {seconds:.0f} s"
    )


async def describe(admin: AIOKafkaAdminClient, group: str) -> Group:
    """Ask the brokers for a consumer group.

    Raises:
        KafkaError: they do not answer, or refuse.
    """
    (answer,) = await admin.describe_consumer_groups([group])
    (described,) = answer.groups
    code, _, state, _, _, members = described[:6]
    if code:
        raise for_code(code)(group)
    owned: set[tuple[str, int]] = set()
    for *_, assigned in members:
        # A member that is just joining has none.
        if assigned:
            for topic, partitions in ConsumerProtocolMemberAssignment.decode(assigned).assignment:
                owned.update((topic, partition) for partition in partitions)
    return Group(is_at_rest=state in _AT_REST, owned=owned)
