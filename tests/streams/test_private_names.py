"""What Faust and aiokafka do not promise and we use all the same: an upgrade that takes it fails here."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import streams

ROOT = Path(streams.__file__).parent

USED = [
    # aiokafka, by the class that has the name.
    ("aiokafka.AIOKafkaConsumer", "_client", "metadata are asked for at once before partitions are taken anew"),
    ("aiokafka.AIOKafkaConsumer", "_closed", "a lost group is told from a consumer that was closed"),
    ("aiokafka.AIOKafkaConsumer", "_coordinator", "partitions are taken anew, and committed notes are read"),
    ("aiokafka.AIOKafkaConsumer", "_fetcher", "fetches are bounded in bytes"),
    ("aiokafka.AIOKafkaConsumer", "_isolation_level", "pages of aborted transactions are not read"),
    ("aiokafka.AIOKafkaConsumer", "_subscription", "positions are read without asking the client's thread"),
    ("aiokafka.client.AIOKafkaClient", "force_metadata_update", "metadata are asked for at once"),
    ("aiokafka.consumer.fetcher.Fetcher", "_fetch_max_bytes", "an answer of the broker is bounded in bytes"),
    ("aiokafka.consumer.fetcher.Fetcher", "_fetch_max_wait_ms", "a rebalance waits no 1.5 s for an answer"),
    ("aiokafka.consumer.fetcher.Fetcher", "_get_actions_per_node", "no input is asked for while some waits"),
    ("aiokafka.consumer.fetcher.Fetcher", "_records", "it is seen whether input waits"),
    ("aiokafka.consumer.group_coordinator.GroupCoordinator", "_coordination_task", "a lost group is seen"),
    ("aiokafka.consumer.group_coordinator.GroupCoordinator", "fetch_committed_offsets", "committed notes are read"),
    ("aiokafka.consumer.group_coordinator.GroupCoordinator", "request_rejoin", "partitions are taken anew"),
    ("aiokafka.consumer.subscription_state.SubscriptionState", "subscription", "positions are read"),
    ("aiokafka.consumer.subscription_state.TopicPartitionState", "_position", "it is None before it is known"),
    ("aiokafka.consumer.subscription_state.TopicPartitionState", "awaiting_reset", "a position that is not in the log is seen"),
    ("aiokafka.consumer.subscription_state.TopicPartitionState", "lso", "what a transaction holds is seen"),
    ("aiokafka.codec", "_detect_xerial_stream", "snappy is read whatever the byte order of its header"),
    # Faust, by the class that is overridden or asked.
    ("faust.App", "FlowControlQueue", "the queue of a stage is bounded in bytes"),
    ("faust.App", "_new_consumer", "the app gets our consumer"),
    ("faust.App", "on_rebalance_end", "the app tells that its partitions are sought"),
    ("faust.app.base.App", "rebalancing_count", "a worker is ready after its first rebalance"),
    ("faust.tables.recovery.Recovery", "_build_offsets", "a changelog is read back in large batches"),
    ("faust.tables.recovery.Recovery", "_wait", "a recovery is waited for without a limit"),
    ("faust.tables.recovery.Recovery", "standby_offsets", "standby partitions are sought to where their state ends"),
    ("faust.tables.table.Table", "_new_store", "the table gets our store"),
    ("faust.transport.consumer.Consumer", "_acked", "Faust's own account of acks is emptied"),
    ("faust.transport.consumer.Consumer", "_acked_index", "Faust's own account of acks is emptied"),
    ("faust.transport.consumer.Consumer", "_add_gap", "offsets that are no records need no ack"),
    ("faust.transport.consumer.Consumer", "_committed_offset", "the watchdog sees what was committed"),
    ("faust.transport.consumer.Consumer", "_filter_tps_with_pending_acks", "a commit may be due where nothing was acked"),
    ("faust.transport.consumer.Consumer", "_new_offset", "the first offset that is not done is committed"),
    ("faust.transport.consumer.Consumer", "_read_offset", "positions from before a rebalance are forgotten"),
    ("faust.transport.consumer.Consumer", "on_buffer_full", "a full queue makes the hand-over wait"),
    ("faust.transport.consumer.Consumer", "on_buffer_drop", "a full queue makes the hand-over wait"),
    ("faust.transport.consumer.Consumer", "verify_event_path", "a transaction is no stall"),
    ("faust.transport.drivers.aiokafka.AIOKafkaConsumerThread", "_consumer", "the client is looked at without waiting for its thread"),
    ("faust.transport.drivers.aiokafka.AIOKafkaConsumerThread", "_create_worker_consumer", "committed records only are read"),
    ("faust.transport.drivers.aiokafka.AIOKafkaConsumerThread", "_ensure_consumer", "the client is reached in its thread"),
    ("faust.transport.drivers.aiokafka.AIOKafkaConsumerThread", "_fetch_records", "so many bytes are handed over at a time"),
    ("faust.transport.drivers.aiokafka.Consumer", "_new_consumer_thread", "the consumer gets our thread"),
    ("faust.transport.drivers.aiokafka.Consumer", "_to_message", "the last offset that was handed over is noted"),
    ("mode.utils.queues.FlowControlQueue", "_put", "the bytes in the queue are counted"),
    ("mode.utils.queues.FlowControlQueue", "_get", "the bytes in the queue are counted"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "name", "why"), USED)
def test_what_we_use_of_faust_and_aiokafka_is_there(where, name, why):
    module, _, attribute = where.rpartition(".")
    try:
        owner = importlib.import_module(where)
    except ImportError:
        owner = getattr(importlib.import_module(module), attribute, None)
    gone = (
        f"{where} has no `{name}` any more, by which {why}: see ARCHITECTURE.md, Overriding Faust"
    )
    assert owner is not None, gone
    owners = owner.__mro__ if inspect.isclass(owner) else [owner]
    # Attributes that are made in a method show in its source alone.
    assert hasattr(owner, name) or any(
        re.search(rf"\bself\.{name}\b", inspect.getsource(each))
        for each in owners
        if each.__module__.split(".")[0] in ("faust", "aiokafka", "mode")
    ), gone


def test_every_private_name_that_is_used_stands_in_the_list():
    listed = {name for _, name, _ in USED}
    for path in ROOT.rglob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            if "SLF001" in line:
                code = line.partition("  # noqa")[0]
                names = re.findall(r"(?<!self)\.(_[a-z]\w*)", code) + re.findall(
                    r'"(_[a-z]\w*)"', code
                )
                assert names, f"{path.name}: {line}"
                assert set(names) <= listed, f"{path.name}: {line}"
