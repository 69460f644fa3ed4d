"""Files of events: what each line becomes, and what is said of one that cannot be read."""

import io
import json

import pytest

from cloudmetrics.importing.event_rows import LONGEST_LINE, read_events
from cloudmetrics.importing.result import ImportResult
from cloudmetrics.importing.sending import SendFailed

NDJSON = '{"id": "1", "name": "pageview", "timestamp": "2026-11-03T10:00:00Z", "visitor_id": "anna"}'


def read(text: str | bytes):
    """The events with their lines, the numbers of broken lines with reasons, and how many lines there are."""
    result = ImportResult()
    data = text.encode() if isinstance(text, str) else text
    events = list(read_events(io.BytesIO(data), "site", result))
    return events, [(line.number, line.reason) for line in result.first_broken], result.lines


def test_a_line_of_ndjson_is_an_event_of_the_website():
    events, broken, lines = read(NDJSON + "\n\n" + NDJSON.replace('"1"', '"2"'))

    assert [(number, event["id"]) for number, event in events] == [(1, "1"), (3, "2")]
    assert events[0][1] == json.loads(NDJSON) | {"website_id": "site"}
    assert (broken, lines) == ([], 2)


def test_what_an_export_adds_is_left_out():
    exported = json.loads(NDJSON) | {"received_at": "2026-11-03T10:00:01Z", "website_id": "x", "url": None}

    ((_, event),), _, _ = read(json.dumps(exported))

    assert event == json.loads(NDJSON) | {"website_id": "site"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_row_of_csv_is_an_event_with_dots_leading_into_objects(delimiter, mark):
    names = [
        "id",
        "timestamp",
        "name",
        "visitor_id",
        "revenue.amount_minor",
        "revenue.currency",
        "properties.plan",
    ]
    cells = ["7", "2026-11-03T10:00:00Z", "purchase", "anna", "-9900", "USD", "12"]
    text = mark + delimiter.join(names) + "\r\n" + delimiter.join(cells) + "\r\n"

    ((number, event),), broken, _ = read(text)

    assert (number, broken) == (2, [])
    assert event == {
        "id": "7",
        "timestamp": "2026-11-03T10:00:00Z",
        "name": "purchase",
        "visitor_id": "anna",
        "revenue": {"amount_minor": -9900, "currency": "USD"},
        "properties": {"plan": "12"},
        "website_id": "site",
    }


def test_quoted_cells_hold_anything_and_lines_are_counted_through_them():
    text = 'timestamp,url\n"2026","a, ""b""\nc"\n2027,\n2028,x,y\n'

    events, broken, lines = read(text)

    assert [(number, event.get("url")) for number, event in events] == [(2, 'a, "b"\nc'), (4, None)]
    assert broken == [(5, "3 cells, where the first line has 2")]
    assert lines == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b"{'id': 1}", "no JSON"),
        (b"[1]", "no JSON object"),
        (b"null", "no JSON object"),
        (b'{"id": "\xff"}', "no JSON"),
        (b'{"id": "\\ud800"}', "no JSON"),
        (b"[" * 5000, "no JSON"),
        (b'{"id": "' + b"x" * LONGEST_LINE + b'"}', "longer than 1048576 bytes"),
    ],
)
def test_a_line_that_is_no_object_is_broken_and_the_others_are_not(line, reason):
    events, broken, lines = read(NDJSON.encode() + b"\n" + line + b"\n" + NDJSON.encode())

    assert [number for number, _ in events] == [1, 3]
    ((number, said),) = broken
    assert (number, lines) == (2, 3)
    assert reason in said


def test_a_cell_that_is_not_utf_8_or_too_long_breaks_its_row_alone():
    long = b"x" * (LONGEST_LINE - 8)
    text = b"timestamp,url\n1,ok\n2,\xff\n3," + long + b"x" * 20 + b"\n4,ok\n"

    events, broken, _ = read(text)

    assert [event["timestamp"] for _, event in events][-1] == "4"
    assert broken[0] == (3, "url is not UTF-8")


@pytest.mark.parametrize("text", ["id,name\n1,x\n", "timestamp,a,a\n", "timestamp,,b\n", "hello\n"])
def test_csv_without_good_names_is_refused(text):
    with pytest.raises(SendFailed, match="first line"):
        read(text)


def test_a_spreadsheet_or_utf_16_is_refused():
    for data in ("timestamp,name".encode("utf-16"), b"PK\x03\x04\x00"):
        with pytest.raises(SendFailed, match="UTF-8"):
            read(data)


def test_ids_are_made_of_what_events_say_the_same_each_time_and_differ_for_equal_ones():
    text = "timestamp,name\n1,a\n1,a\n1,b\n"

    first = [event["id"] for _, event in read(text)[0]]

    assert first == [event["id"] for _, event in read(text)[0]]
    assert len(set(first)) == 3


def test_an_empty_file_has_no_events():
    assert read("") == ([], [], 0)
