"""Which trace contexts are carried, held against W3C Trace Context and its test suite."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.trace_context import LONGEST_TRACESTATE, trace_context

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


def carried(parent=PARENT, *states):
    headers = [("content-type", b"application/json"), ("traceparent", parent.encode())]
    return trace_context([*headers, *(("tracestate", state.encode()) for state in states)])


@pytest.mark.parametrize(
    "parent",
    [
        PARENT,
        f"00-{TRACE}-{SPAN}-00",
        f"00-{TRACE}-{SPAN}-ff",
        f"00-{'1' * 32}-{'2' * 16}-01",  # digits alone are hexadecimal too
        f"cc-{TRACE}-{SPAN}-01",  # a later version
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
        f"0f-{TRACE}-{SPAN}-01",
    ],
)
def test_a_valid_traceparent_is_carried_byte_for_byte(parent):
    assert carried(parent) == [("traceparent", parent.encode())]


@pytest.mark.parametrize(
    "parent",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"FF-{TRACE}-{SPAN}-01",
        f".0-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"000-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"00-{TRACE}-{SPAN[:-1]}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-001",
        f"00-{TRACE}-{SPAN}-.0",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",  # version 00 has four fields
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.what",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 300}",
        f" {PARENT}",
        f"{PARENT} ",
        f"{PARENT}\n",
        f"00_{TRACE}_{SPAN}_01",
        PARENT.replace("4", "\u0664"),  # a digit of another script
    ],
)
def test_an_invalid_traceparent_is_dropped_and_its_tracestate_too(parent):
    assert carried(parent, "a=1") == []


def test_without_a_traceparent_or_with_two_there_is_no_context():
    assert trace_context(None) == trace_context([]) == []
    assert trace_context([("tracestate", b"a=1")]) == []
    assert trace_context([("traceparent", None)]) == []
    twice = [("traceparent", PARENT.encode())] * 2
    assert trace_context(twice) == []


def test_names_are_read_in_any_case_and_written_in_lower_case():
    headers = [("TraceParent", PARENT.encode()), ("TRACESTATE", b"a=1")]
    assert trace_context(headers) == [("traceparent", PARENT.encode()), ("tracestate", b"a=1")]


@pytest.mark.parametrize(
    ("states", "kept"),
    [
        (["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"], "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
        (["a=1", "b=2"], "a=1,b=2"),
        (["fw529a3039@dt=FfAxC", "0a/b*c-d_e=!~"], "fw529a3039@dt=FfAxC,0a/b*c-d_e=!~"),
        (["a=1 ,\tb=2,,"], "a=1 ,\tb=2,,"),
        (["a=in side"], "a=in side"),
        ([",".join(f"k{n}=1" for n in range(32))], ",".join(f"k{n}=1" for n in range(32))),
        ([",".join(f"k{n}=1" for n in range(33))], None),
        (["a=1,a=2"], None),
        (["a=1", "a=2"], None),
        (["A=1"], None),
        (["a"], None),
        (["a="], None),
        (["=1"], None),
        (["a=b=c"], None),
        (["a b=1"], None),
        (["a=caf\u00e9"], None),
        ([f"{'k' * 257}=1"], None),
        ([f"a={'v' * 257}"], None),
        ([""], None),
        ([" , ,"], None),
    ],
)
def test_a_tracestate_is_carried_if_it_is_valid(states, kept):
    expected = [] if kept is None else [("tracestate", kept.encode())]
    assert carried(PARENT, *states) == [("traceparent", PARENT.encode()), *expected]


def test_of_a_long_tracestate_long_members_go_first_and_then_the_last():
    short = [f"k{n}={'v' * 60}" for n in range(10)]
    ((_, _), (_, state)) = carried(PARENT, ",".join([f"long={'x' * 200}", *short]))
    assert state.decode().split(",") == short[:8]
    assert len(state) <= LONGEST_TRACESTATE


@given(st.binary(max_size=80), st.binary(max_size=700))
def test_whatever_comes_what_is_carried_is_valid_and_short(parent, state):
    headers = [("traceparent", parent), ("tracestate", state)]
    for name, value in trace_context(headers):
        assert (name, value) in headers
    after = dict(trace_context([("traceparent", PARENT.encode()), ("tracestate", state)]))
    kept = after.get("tracestate", b"a=1")
    assert len(kept) <= LONGEST_TRACESTATE
    assert re.fullmatch(rb"[\t -~]+", kept)
