"""What a worker logs: lines that people read, lines that programs read, and no false alarms."""

import datetime as dt
import json
import logging
import logging.config
import sys
import threading
import warnings
from pathlib import Path

import orjson
import pytest
from aiokafka.consumer import group_coordinator
from faust.transport.drivers import aiokafka as faust_messages
from hypothesis import given
from hypothesis import strategies as st

from streams.json_lines import JsonFormatter
from streams.settings import Settings
from streams.supervision import logs
from streams.supervision.false_alarms import FALSE_ALARMS, FalseAlarmFilter
from streams.supervision.logs import MOST_MESSAGES, RepeatFilter, configuration, set_up


def record(message="said", *args, name="streams.x", level=logging.INFO, **more):
    made = logging.makeLogRecord(
        {
            "name": name,
            "levelno": level,
            "levelname": logging.getLevelName(level),
            "msg": message,
            "args": args,
        }
    )
    vars(made).update(more.pop("extras", {}) | more)
    return made


def read(made):
    line = JsonFormatter().format(made)
    assert "\n" not in line
    return orjson.loads(line)


def test_a_line_of_json_has_its_fields_in_their_order_and_a_time_of_rfc_3339():
    found = read(record("%d pages", 3, created=1_700_000_000.25))
    assert list(found) == ["time", "level", "logger", "message"]
    assert found == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "logger": "streams.x",
        "message": "3 pages",
    }
    assert dt.datetime.fromisoformat(found["time"]).utcoffset() == dt.timedelta(0)


def test_a_traceback_is_one_field_and_so_is_a_stack():
    try:
        int("two\nlines")
    except ValueError:
        found = read(
            record("failed", level=logging.ERROR, exc_info=sys.exc_info(), stack_info="Stack")
        )
    assert found["exception"].startswith("Traceback (most recent call last):\n")
    assert found["exception"].endswith("with base 10: 'two\\nlines'")
    assert found["stack"] == "Stack"
    assert found["message"] == "failed"


class Unprintable:
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (1 << 70, str(1 << 70)),
        (b"\xff", "b'\\xff'"),
        ("\ud800", "\\ud800"),
        ({1: {"a": (1, None, True)}}, {"1": {"a": [1, None, True]}}),
        (dt.timedelta(1), "1 day, 0:00:00"),
        (Unprintable(), "<Unprintable>"),
        ([[[[[[[[[[1]]]]]]]]]], [[[[[[[["[[1]]"]]]]]]]]),
    ],
)  # fmt: skip
def test_an_extra_that_json_does_not_have_loses_no_line(value, written):
    assert read(record(extra=value))["extra"] == written


def test_extras_take_no_field_of_the_line():
    extras = {"time": "now", "level": "high", "logger": "me", "stage": "extract"}
    found = read(record(extras=extras))
    assert found["logger"] == "streams.x"
    assert found["level"] == "info"
    assert (found["extra_time"], found["extra_level"], found["extra_logger"]) == (
        "now",
        "high",
        "me",
    )
    assert found["stage"] == "extract"


def test_wrong_arguments_lose_no_line():
    assert read(record("%d pages", "three"))["message"] == "%d pages ('three',)"
    assert read(record("%d %d", 1))["message"] == "%d %d (1,)"


@given(st.text() | st.binary(), st.recursive(st.none() | st.floats() | st.integers() | st.text(st.characters()) | st.binary(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))  # fmt: skip
def test_whatever_is_logged_is_one_object_on_one_line(message, extra):
    assert read(record(message, thing=extra)).keys() == {
        "time",
        "level",
        "logger",
        "message",
        "thing",
    }


@pytest.fixture
def restored():
    """The logging of the tests themselves, afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook, threading.excepthook
    levels = {name: logging.getLogger(name).level for name in ("streams",)}
    yield
    logging.captureWarnings(capture=False)
    for handler in root.handlers[:]:
        if handler not in before[0]:
            handler.close()
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("restored")
def test_what_python_would_write_itself_is_json_too(capsys):
    set_up(Settings(log_format="json"))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    def fail(why="100% gone"):
        raise OSError(why)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail("away")
    except OSError:
        sys.excepthook(*sys.exc_info())
    old, gone, again = lines(capsys)
    assert "DeprecationWarning: old" in old["message"]
    assert (gone["level"], gone["message"]) == ("critical", "OSError: 100% gone")
    assert "OSError: 100% gone" in gone["exception"]
    assert again["message"] == "OSError: away"


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("WARNING", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_is_of_our_lines_and_libraries_never_say_what_they_send(capsys, level, said):
    set_up(Settings(log_format="json", log_level=level))
    for name in ("streams.x", "aiokafka.conn"):
        for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(name).log(number, "a secret")
    found = lines(capsys)
    assert [line["level"] for line in found if line["logger"] == "streams.x"] == said
    libraries = [line["level"] for line in found if line["logger"] == "aiokafka.conn"]
    assert libraries == [name for name in said if name in {"warning", "error"}]


@pytest.mark.usefixtures("restored")
def test_lines_for_people_stay_as_they_were_and_go_to_a_file_on_demand(capsys, tmp_path):
    logging.config.dictConfig(configuration(Settings()))
    logging.getLogger("streams.x").warning("it stalls")
    assert capsys.readouterr().err.endswith(" WARNING streams.x: it stalls\n")
    logging.config.dictConfig(configuration(Settings(), str(tmp_path / "log")))
    logging.getLogger("streams.x").warning("it stalls")
    assert (tmp_path / "log").read_text().endswith(" WARNING streams.x: it stalls\n")
    assert capsys.readouterr().err == ""


THREAD = "streams.runtime.flow_control"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (THREAD, f"[^---Thread]: {faust_messages.SLOW_PROCESSING_NO_FETCH_SINCE_START}"),
        (THREAD, f"[^---Thread]: {faust_messages.SLOW_PROCESSING_NO_RECENT_FETCH}"),
        (THREAD, f"[^---Thread]: {faust_messages.SLOW_PROCESSING_NO_HIGHWATER_SINCE_START}"),
        (THREAD, f"[^---Thread]: {faust_messages.SLOW_PROCESSING_STREAM_IDLE} {faust_messages.SLOW_PROCESSING_EXPLAINED}"),
        (THREAD, f"[^---Thread]: {faust_messages.SLOW_PROCESSING_STREAM_IDLE_SINCE_START} and more"),
        (THREAD, f"[^---Thread]: {faust_messages.SLOW_PROCESSING_NO_RECENT_COMMIT} and more"),
        (THREAD, f"[^---Thread]: {faust_messages.SLOW_PROCESSING_NO_COMMIT_SINCE_START} and more"),
        (THREAD, "[^---Thread]: No active partitions for TP(topic='raw-pages', partition=0)"),
        ("aiokafka.consumer.group_coordinator", "Heartbeat failed for group %s because it is rebalancing"),
    ],
)  # fmt: skip
def test_a_false_alarm_is_not_logged_but_the_same_words_of_another_logger_are(name, message):
    once = FalseAlarmFilter()
    assert not once.filter(record(message, name=name, level=logging.ERROR))
    assert once.filter(record(message, name="streams.supervision.watchdog", level=logging.ERROR))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (THREAD, "[^---Thread]: Committing raised exception: %r"),
        (THREAD, "[^---Thread]: Crashed reason=%r"),
        (THREAD, "[^---Thread]: Thread keepalive is not responding..."),
        ("streams.runtime.app", "[^-App]: Crashed reason=%r"),
        ("streams.state.recovery", "[^---Recovery]: POSSIBLE INTERNAL ERROR: Recovery has no remaining offsets to fetch"),
        ("aiokafka", "Unable connect to node with id %s: %s"),
        ("aiokafka.consumer.group_coordinator", "Heartbeat failed for group %s: generation id is not  current."),
        ("aiokafka.consumer.group_coordinator", "Heartbeat failed: local member_id was not recognized; resetting and re-joining group"),
        ("aiokafka.consumer.group_coordinator", "Heartbeat failed: %r"),
        ("aiokafka.consumer.group_coordinator", "OffsetCommit failed for group %s due to group error (%s), will rejoin"),
        ("aiokafka.consumer.group_coordinator", "Marking the coordinator dead (node %s)for group %s."),
        ("aiokafka.consumer.fetcher", "Failed fetch messages from %s: %s"),
    ],
)  # fmt: skip
def test_a_true_error_is_logged(name, message):
    for level in (logging.WARNING, logging.ERROR):
        assert FalseAlarmFilter().filter(record(message, name=name, level=level))


def test_services_do_not_say_that_they_start_and_draw_no_tables():
    drawn = "[^---Recovery]: Highwater for active changelog partitions:\n+Highwater - Active-+"
    assert not FalseAlarmFilter().filter(record(drawn, name="streams.state.recovery"))
    own = record("read back %d records of %s in %.1f s", name="streams.state.recovery")
    assert FalseAlarmFilter().filter(own)


def test_every_false_alarm_is_still_a_message_of_its_library():
    """After an upgrade that changes a text, the filter would drop nothing, and nobody would know."""
    of_faust = Path(faust_messages.__file__).read_text("utf-8")
    of_aiokafka = Path(group_coordinator.__file__).read_text("utf-8")
    for logger, text in FALSE_ALARMS:
        if logger.startswith("aiokafka"):
            assert text.partition("%s")[0] in of_aiokafka
            assert text.rpartition("%s")[2] in of_aiokafka
        else:
            assert text.removesuffix("TP").partition("\n")[0] in of_faust


def test_figures_are_no_repeats_and_other_messages_are():
    once = RepeatFilter()
    for _ in range(3):
        assert once.filter(record("in %.0f s %s", name="streams.supervision.activity"))
    assert once.filter(record("again"))
    assert not once.filter(record("again"))


def test_the_filter_of_repeats_forgets_what_is_old(monkeypatch):
    now = 0.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    once = RepeatFilter()
    for number in range(5 * MOST_MESSAGES):
        now += 1.0
        assert once.filter(record(f"message {number}"))
    assert len(once._last_logged) <= MOST_MESSAGES
    assert not once.filter(record(f"message {5 * MOST_MESSAGES - 1}"))
