"""The topics and their configuration.

Invariants:

- Topics are created explicitly, with every option that a guarantee needs, before anything reads or
  writes them.
- Outcome topics keep records longer than `raw-pages` does, by retention or compaction lag. So an
  audit finds the outcome of every raw page that still exists.
"""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Mapping

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from streams.errors import OperationalError
from streams.kafka import clients, layout, worker_status
from streams.kafka.outcome_topics import OUTLIVES
from streams.kafka.sequences import remembers_more
from streams.kafka.topic_ids import ids_of
from streams.settings import Settings
from streams.stage import app_id

DEAD_LETTER_BYTES = 64 * 1024
"""Bytes by which a record of `rejected-pages` may be larger than one of `raw-pages`, because of the
added headers."""

FORGOTTEN = dt.timedelta(days=1)
"""The time after which a record that left the state of `dedupe` is gone from the changelog too."""

STATUS_KEPT = dt.timedelta(days=1)
"""How long the status of a worker that was killed is kept."""

FACTS = "facts"
"""The name of the table of `dedupe`; Faust names its changelog after it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A topic as it should be.

    Attributes:
        name: the name of the topic.
        partitions: the number of its partitions.
        config: its options, by their names in Kafka.
        or_more: whether the topic may have more partitions than that.
        or_fewer: whether it may have fewer.
        as_many_as: a topic that has to have as many partitions, if it is there: the records of a
            key are on partitions of one number then.
    """

    name: str
    partitions: int
    config: Mapping[str, str]
    or_more: bool = False
    or_fewer: bool = False
    as_many_as: str | None = None

    def fits(self, partitions: int) -> bool:
        """Whether the topic may have so many partitions."""
        return (
            partitions == self.partitions
            or (self.or_more and partitions > self.partitions)
            or (self.or_fewer and partitions < self.partitions)
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A point in which a topic is not as it should be.

    Attributes:
        topic: the name of the topic.
        what: the option that differs.
        wanted: the value that the option should have.
        found: the value that it has; None if the topic is missing.
    """

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
    """All topics, as they should be; of `article-details` and `flat-articles` those in use."""
    topics = settings.topics
    size = {"max.message.bytes": str(settings.max_message_bytes)}
    stamped = {"message.timestamp.type": "LogAppendTime"}
    kept = {"cleanup.policy": "delete", "retention.ms": _ms(settings.retention)}
    longer = settings.retention + OUTLIVES
    outcomes = {"cleanup.policy": "delete", "retention.ms": _ms(longer)}
    compacted = {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": _ms(longer),
        # The text of an article that was taken down is gone for good after this time. Its tombstone
        # stays as long as an outcome that names the article can.
        "max.compaction.lag.ms": _ms(longer + OUTLIVES),
        "delete.retention.ms": _ms(longer),
    }
    dead_letters = {"max.message.bytes": str(settings.max_message_bytes + DEAD_LETTER_BYTES)}
    shards = settings.dedupe_shards
    return [
        # The append time caps event times, so the broker has to set the timestamps.
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
        # The partitions never change once the topic is made: with others, the tombstone of a
        # takedown would go to another partition than its article. There are fewer than wanted where
        # `raw-pages` has grown.
        Spec(
            name=topics.clean,
            partitions=settings.raw_partitions,
            or_fewer=True,
            config=compacted | size,
        ),
        *_copies(settings, compacted | size),
        Spec(
            name=topics.duplicates,
            partitions=settings.raw_partitions,
            or_more=True,
            or_fewer=True,
            config=outcomes | size,
        ),
        Spec(
            name=topics.rejected,
            partitions=settings.raw_partitions,
            or_more=True,
            config=outcomes | dead_letters,
        ),
        # No retention: records leave the changelog only by explicit tombstones.
        Spec(
            name=changelog(settings),
            partitions=shards,
            or_more=True,
            config={"cleanup.policy": "compact", "max.compaction.lag.ms": _ms(FORGOTTEN)} | size,
        ),
        Spec(name=layout.topic(settings), partitions=1, config={"cleanup.policy": "compact"}),
        # A worker that was killed withdraws nothing: its status goes with the retention.
        Spec(
            name=worker_status.topic(settings),
            partitions=1,
            config={"cleanup.policy": "compact,delete", "retention.ms": _ms(STATUS_KEPT)},
        ),
    ]


def _copies(settings: Settings, config: Mapping[str, str]) -> list[Spec]:
    """The topics beside that of the articles, under its rules, as far as settings ask for them."""
    topics = settings.topics
    names = [topics.details] if settings.article_details == "topic" else []
    names += [topics.flat] if settings.flat_articles else []
    partitions = settings.raw_partitions
    return [
        Spec(name=name, partitions=partitions, config=config, as_many_as=topics.clean)
        for name in names
    ]


def _on_this_bus(admin: KafkaAdminClient, spec: Spec) -> Spec:
    """The topic as it should be beside those that exist."""
    if spec.as_many_as is None:
        return spec
    (described,) = admin.describe_topics([spec.as_many_as])
    partitions = len(described["partitions"]) or spec.partitions
    return dataclasses.replace(spec, partitions=partitions)


def ensure_topics(settings: Settings) -> list[str]:
    """Create the topics that are missing, and bring the layout of the state up to date.

    If the state of `dedupe` has no layout yet, it gets that of the settings. If the topic of
    candidates was made again, its generation rises, so that its candidates are later than all in
    the state.

    Returns:
        The names of the topics that were created.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    created = []
    with clients.admin(settings) as admin:
        present = set(admin.list_topics())
        for wanted in specs(settings):
            if wanted.name in present:
                continue
            spec = _on_this_bus(admin, wanted)
            # Another process may have created the topic in the meantime, which is as good.
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
    """The number of partitions of a topic.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    with clients.admin(settings) as admin:
        (described,) = admin.describe_topics([topic])
        return len(described["partitions"])


def check_topics(settings: Settings) -> list[Difference]:
    """Compare the topics on the bus with the settings; changes nothing.

    Returns:
        All differences; empty if there are none.

    Raises:
        OperationalError: the bus is away or refuses.
    """
    differences = []
    with clients.admin(settings) as admin:
        present = set(admin.list_topics())
        for as_set in specs(settings):
            if as_set.name not in present:
                differences.append(
                    Difference(topic=as_set.name, what="existence", wanted="present", found=None)
                )
                continue
            spec = _on_this_bus(admin, as_set)
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
            # Kafka cannot remove partitions. Those that fewer shards leave over are idle.
            found["partitions"] = str(spec.partitions if spec.fits(partitions) else partitions)
            wanted = {"partitions": str(spec.partitions), **spec.config}
            differences += [
                Difference(topic=spec.name, what=key, wanted=value, found=str(found.get(key)))
                for key, value in wanted.items()
                if found.get(key) != value
            ]
    return differences


def require_topics(settings: Settings) -> None:
    """Refuse to go on unless all topics and the state of `dedupe` are as the settings have them.

    Changes nothing.

    Args:
        settings: the topics, their configuration, and the layout of the state that are wanted.

    Raises:
        OperationalError: it names the first difference; or Kafka is away or refuses.
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
