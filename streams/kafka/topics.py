"""The topics and their configuration.

Invariant: topics are made on purpose, with every setting that a guarantee needs, before
anything reads or writes them. Retention and compaction lag of the outcome topics exceed those
of `raw-pages`, so that an audit finds the outcome of every raw page that is still there.
"""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Mapping

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from streams.errors import OperationalError
from streams.kafka import clients, layout
from streams.kafka.sequences import remembers_more
from streams.kafka.topic_ids import ids_of
from streams.settings import Settings
from streams.stage import app_id

DEAD_LETTER_BYTES = 64 * 1024
"""`rejected-pages` takes so much more than `raw-pages`, for the added headers."""

OUTLIVES = dt.timedelta(days=1)
FORGOTTEN = dt.timedelta(days=1)
"""What the memory of `dedupe` has forgotten is gone from its changelog after so long."""

FACTS = "facts"
"""The name of the table of `dedupe`; Faust names its changelog after it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A topic as it should be; with `or_more`, it may have more partitions than it needs."""

    name: str
    partitions: int
    config: Mapping[str, str]
    or_more: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a topic is not as it should be; `found` None means that it is missing."""

    topic: str
    what: str
    wanted: str
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.topic} is missing"
        return f"{self.topic} has {self.what}={self.found}, not {self.wanted}"


def changelog(settings: Settings) -> str:
    """The changelog topic of `dedupe`, as Faust names it."""
    return f"{app_id(settings, 'dedupe')}-{FACTS}-changelog"


def specs(settings: Settings) -> list[Spec]:
    """All topics, as they should be."""
    topics = settings.topics
    size = {"max.message.bytes": str(settings.max_message_bytes)}
    stamped = {"message.timestamp.type": "LogAppendTime"}
    kept = {"cleanup.policy": "delete", "retention.ms": _ms(settings.retention)}
    longer = settings.retention + OUTLIVES
    outcomes = {"cleanup.policy": "delete", "retention.ms": _ms(longer)}
    compacted = {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": _ms(longer),
        # A text that was taken down is gone for good after that; and its tombstone stays for as
        # long as an outcome that names it may.
        "max.compaction.lag.ms": _ms(longer + OUTLIVES),
        "delete.retention.ms": _ms(longer),
    }
    dead_letters = {"max.message.bytes": str(settings.max_message_bytes + DEAD_LETTER_BYTES)}
    shards = settings.dedupe_shards
    return [
        # The broker's clock caps event time, so it has to be the broker that stamps.
        Spec(
            name=topics.raw,
            partitions=settings.raw_partitions,
            or_more=True,
            config=kept | stamped | size,
        ),
        Spec(
            name=topics.candidates,
            partitions=shards,
            or_more=True,
            config=outcomes | stamped | size,
        ),
        # No more than it was made with: a takedown has to come to the partition of its article.
        Spec(name=topics.clean, partitions=settings.raw_partitions, config=compacted | size),
        Spec(
            name=topics.duplicates,
            partitions=settings.raw_partitions,
            or_more=True,
            config=outcomes | size,
        ),
        Spec(
            name=topics.rejected,
            partitions=settings.raw_partitions,
            or_more=True,
            config=outcomes | dead_letters,
        ),
        # Never deleted by age: what it holds is forgotten by explicit tombstones.
        Spec(
            name=changelog(settings),
            partitions=shards,
            or_more=True,
            config={"cleanup.policy": "compact", "max.compaction.lag.ms": _ms(FORGOTTEN)} | size,
        ),
        Spec(name=layout.topic(settings), partitions=1, config={"cleanup.policy": "compact"}),
    ]


def ensure_topics(settings: Settings) -> list[str]:
    """Create what is missing; returns the names of the topics that were created.

    Where nothing says yet what the memory of `dedupe` is made for, the settings do. Where the topic
    of candidates was made again, its candidates come after all that is remembered.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    created = []
    with clients.admin(settings) as admin:
        present = set(admin.list_topics())
        for spec in specs(settings):
            if spec.name in present:
                continue
            # Somebody else may have been faster, which is as good.
            with contextlib.suppress(TopicAlreadyExistsError):
                admin.create_topics(
                    {
                        spec.name: {
                            "num_partitions": spec.partitions,
                            "replication_factor": settings.replication_factor,
                            "configs": dict(spec.config),
                        }
                    },
                    wait_for_metadata=True,
                )
                created.append(spec.name)
        candidates = settings.topics.candidates
        topic_id = ids_of(admin, [candidates]).get(candidates, "")
    layout.ensure(
        settings,
        topic_id,
        again=candidates in created or (lambda: remembers_more(settings, changelog(settings))),
    )
    return created


def partitions_of(settings: Settings, topic: str) -> int:
    """How many partitions a topic has.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with clients.admin(settings) as admin:
        (described,) = admin.describe_topics([topic])
        return len(described["partitions"])


def check_topics(settings: Settings) -> list[Difference]:
    """Where the topics on the bus are not as the settings have them; changes nothing.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    differences = []
    with clients.admin(settings) as admin:
        present = set(admin.list_topics())
        for spec in specs(settings):
            if spec.name not in present:
                differences.append(
                    Difference(topic=spec.name, what="existence", wanted="present", found=None)
                )
                continue
            (described,) = admin.describe_topics([spec.name])
            resource = ConfigResource(ConfigResourceType.TOPIC, spec.name)
            configs = admin.describe_configs([resource], config_filter="all")
            found = {key: entry["value"] for key, entry in configs["topic"][spec.name].items()}
            if not found:
                raise OperationalError(
                    f"the configuration of topic {spec.name} cannot be read",
                    "grant this user DescribeConfigs on it",
                )
            partitions = len(described["partitions"])
            if spec.or_more and partitions > spec.partitions:
                # Kafka takes no partition away; what fewer shards leave over is idle.
                partitions = spec.partitions
            found["partitions"] = str(partitions)
            wanted = {"partitions": str(spec.partitions), **spec.config}
            differences += [
                Difference(topic=spec.name, what=key, wanted=value, found=str(found.get(key)))
                for key, value in wanted.items()
                if found.get(key) != value
            ]
    return differences


def require_topics(settings: Settings) -> None:
    """Refuse to go on unless every topic, and the memory of `dedupe`, is as the settings have it.

    Raises:
        OperationalError: what differs first, or the bus is away or refuses.
    """
    differences = check_topics(settings)
    if differences:
        more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
        raise OperationalError(
            f"the topics are not as the settings have them: {differences[0]}{more}",
            "run `cleanwire topics`",
        )
    candidates = settings.topics.candidates
    with clients.admin(settings) as admin:
        topic_id = ids_of(admin, [candidates]).get(candidates, "")
    layout.require(settings, topic_id)


def _ms(duration: dt.timedelta) -> str:
    return str(int(duration.total_seconds() * 1000))
