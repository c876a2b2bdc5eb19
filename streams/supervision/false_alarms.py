"""Messages of libraries that are not logged: errors of a healthy worker, and talk of services.

Invariants:

- Of warnings and errors only a message in `FALSE_ALARMS` is dropped, from the logger that it is
  named with. Every other message of the same logger is logged.
- Whatever a dropped message could truly mean is reported by Cleanwire itself.

Faust checks every partition after five minutes, with clocks that are not those of the partition:
the time since the worker started, where the partition came with a later rebalance; the time since
the last record, where none was sent until now. A standby partition, an idle one and one that just
came are reported every 2.5 seconds, some with 20 lines of explanation. The watchdog (`watchdog.py`)
asks the same questions, but of the broker, and ends a worker that truly gets nowhere.

Faust's services also log each start, each stop and drawn tables of offsets, under the names of our
modules, because our classes extend them.
"""

import logging

from faust.transport.drivers import aiokafka as faust_messages

_CONSUMER_THREADS = ("streams.runtime.flow_control", "faust.transport.drivers.aiokafka")
"""Faust's services log under the name of the module of their class, which is ours."""

_CHECKS = (
    faust_messages.SLOW_PROCESSING_NO_FETCH_SINCE_START,
    faust_messages.SLOW_PROCESSING_NO_RECENT_FETCH,
    faust_messages.SLOW_PROCESSING_NO_HIGHWATER_SINCE_START,
    faust_messages.SLOW_PROCESSING_STREAM_IDLE_SINCE_START,
    faust_messages.SLOW_PROCESSING_STREAM_IDLE,
    faust_messages.SLOW_PROCESSING_NO_COMMIT_SINCE_START,
    faust_messages.SLOW_PROCESSING_NO_RECENT_COMMIT,
    # Between two assignments of a rebalance there are none.
    "No active partitions for TP",
)

FALSE_ALARMS: tuple[tuple[str, str], ...] = (
    *((logger, text) for logger in _CONSUMER_THREADS for text in _CHECKS),
    # A heartbeat is how a member learns of a rebalance: each member logs this at each rebalance.
    (
        "aiokafka.consumer.group_coordinator",
        "Heartbeat failed for group %s because it is rebalancing",
    ),
)
"""Loggers, and a part of the message's template that no other message has."""


SERVICE = "[^"
"""How every message of a service of Faust's begins."""


class FalseAlarmFilter(logging.Filter):
    """Drops the messages of `FALSE_ALARMS`, and what services say below WARNING."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log the record."""
        template = str(record.msg)
        if record.levelno < logging.WARNING and template.startswith(SERVICE):
            return False
        return not any(record.name == logger and text in template for logger, text in FALSE_ALARMS)
