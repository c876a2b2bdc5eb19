"""Adds partitions to topics in use, where that moves nothing that has to stay.

Invariant: partitions are added to `raw-pages` and `rejected-pages` only. On every other topic the
partition of a key means something: the records of a key have to be on one partition to be
compacted, or a partition is the input of one shard.

Kafka takes no partition back, so this is planned first and done on demand.
"""

import dataclasses
from collections.abc import Sequence

from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.topics import changelog, specs
from streams.settings import Settings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A topic that has fewer partitions than the settings name.

    Attributes:
        topic: the name of the topic.
        found: how many partitions it has.
        wanted: how many the settings name.
        why_not: why no partition is added, and what to do instead; empty if some may be.
        is_wrong: whether a worker refuses to start on the topic as it is.
    """

    topic: str
    found: int
    wanted: int
    why_not: str = ""
    is_wrong: bool = True

    def __str__(self) -> str:
        if self.why_not:
            return f"{self.topic} stays at {_count(self.found)}, not {self.wanted}: {self.why_not}"
        return f"{self.topic}: {self.found} -> {_count(self.wanted)}"


def plan(settings: Settings) -> list[Growth]:
    """Find the topics that have fewer partitions than the settings name; changes nothing.

    Raises:
        OperationalError: a topic is missing, or the bus is away or refuses.
    """
    topics = settings.topics
    may_grow = (topics.raw, topics.rejected)
    why_not = {
        topics.clean: "with more, a key's next record would be on another partition than its last; "
        "make the topics anew under another CLEANWIRE_TOPIC_PREFIX",
        topics.duplicates: "with more, a key's records would be out of order; make the topics anew "
        "under another CLEANWIRE_TOPIC_PREFIX",
        topics.candidates: "each is a shard's, and a new shard remembers nothing; run "
        "`cleanwire reshard`",
        changelog(settings): "each is a shard's state; run `cleanwire reshard`",
    }
    found = []
    with clients.admin(settings) as admin:
        present = set(admin.list_topics())
        for spec in specs(settings):
            if spec.name not in present:
                raise OperationalError(f"topic {spec.name} is missing", "run `cleanwire topics`")
            (described,) = admin.describe_topics([spec.name])
            partitions = len(described["partitions"])
            # Copies of articles have as many partitions as the articles, whose never grow.
            if partitions < spec.partitions and spec.as_many_as is None:
                found.append(
                    Growth(
                        topic=spec.name,
                        found=partitions,
                        wanted=spec.partitions,
                        why_not=""
                        if spec.name in may_grow
                        else why_not.get(spec.name, "it is read as one partition"),
                        is_wrong=not spec.fits(partitions),
                    )
                )
    return found


def grow(settings: Settings, growths: Sequence[Growth]) -> None:
    """Add the partitions of a plan; those that must not be added are left out.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    wanted = {growth.topic: growth.wanted for growth in growths if not growth.why_not}
    if wanted:
        with clients.admin(settings) as admin:
            admin.create_partitions(wanted)


def _count(partitions: int) -> str:
    return "1 partition" if partitions == 1 else f"{partitions} partitions"
