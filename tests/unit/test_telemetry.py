"""Log lines."""

import json
import logging

import psycopg
import pytest

from cloudmetrics.platform.telemetry import JsonFormatter, Trace, current_trace

pytestmark = pytest.mark.requirement("PL-6", "DF-12")


def written(error: BaseException | None = None, **extra: object) -> dict:
    record = logging.LogRecord("shop", logging.WARNING, "", 0, "sold %s", ("tea",), None)
    record.exc_info = (type(error), error, error.__traceback__) if error else None
    record.__dict__ |= extra
    return json.loads(JsonFormatter().format(record))


def test_a_line_is_an_object_with_its_extra_fields():
    line = written(amount=3)
    assert line["message"] == "sold tea"
    assert (line["level"], line["logger"], line["amount"]) == ("warning", "shop", 3)
    assert "request_id" not in line


def test_a_line_names_its_request():
    token = current_trace.set(Trace("r1", "c1", "t1", "s1"))
    try:
        line = written()
    finally:
        current_trace.reset(token)
    assert (line["request_id"], line["trace_id"]) == ("r1", "t1")


@pytest.mark.requirement("PL-12")
def test_a_database_error_is_told_without_the_values_that_it_quotes():
    try:
        try:
            raise psycopg.errors.UniqueViolation("Key (email)=(anna@example.com) already exists.")
        except psycopg.Error as error:
            raise RuntimeError("could not store it") from error
    except RuntimeError as error:
        line = written(error)
    told = "\n".join(line["exception"])
    assert "RuntimeError: could not store it" in told
    assert "UniqueViolation: sqlstate 23505" in told
    assert "test_telemetry.py" in told
    assert "anna" not in json.dumps(line)
