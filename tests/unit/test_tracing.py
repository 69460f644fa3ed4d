"""Request ids and trace ids."""

import re

import pytest

from cloudmetrics.gateway.tracing import begin_trace

pytestmark = pytest.mark.requirement("PL-6")

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def begin(**headers: str):
    return begin_trace([(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()])


def test_a_request_without_ids_gets_new_ones():
    first, second = begin(), begin()
    assert first.request_id != second.request_id
    assert first.trace_id != second.trace_id
    assert first.correlation_id == first.request_id
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", first.traceparent)


def test_sane_ids_are_kept():
    trace = begin(x_request_id="a.B_c-1", x_correlation_id="order-7")
    assert (trace.request_id, trace.correlation_id) == ("a.B_c-1", "order-7")


@pytest.mark.parametrize("hostile", ["", "a b", "a\r\nSet-Cookie: x", "x" * 129, "é", '{"a":1}', "a/b"])
def test_other_ids_are_replaced(hostile):
    trace = begin(x_request_id=hostile, x_correlation_id=hostile)
    assert re.fullmatch(r"[0-9a-f-]{36}", trace.request_id)
    assert trace.correlation_id == trace.request_id


def test_a_trace_goes_on_with_a_span_of_its_own():
    trace = begin(traceparent=f"00-{TRACE}-{SPAN}-01")
    assert trace.trace_id == TRACE
    assert trace.span_id != SPAN
    assert trace.traceparent == f"00-{TRACE}-{trace.span_id}-01"


@pytest.mark.parametrize(("sent", "known"), [("00", "00"), ("01", "01"), ("02", "00"), ("ff", "01")])
def test_only_the_known_flag_is_passed_on(sent, known):
    assert begin(traceparent=f"00-{TRACE}-{SPAN}-{sent}").flags == known


def test_a_later_version_may_say_more():
    assert begin(traceparent=f"cc-{TRACE}-{SPAN}-01-more").trace_id == TRACE


@pytest.mark.parametrize(
    "broken",
    [
        "",
        TRACE,
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01more",
        f" 00-{TRACE}-{SPAN}-01",
    ],
)
def test_a_broken_trace_is_begun_anew(broken):
    trace = begin(traceparent=broken)
    assert trace.trace_id.lower() != TRACE
    assert re.fullmatch(r"[0-9a-f]{32}", trace.trace_id)
