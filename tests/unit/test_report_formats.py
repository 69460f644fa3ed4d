"""Reports as files that other programs open."""

import csv
import io

import pytest

from cloudmetrics.reports.runs.formats import csv_of

QUESTION = {"dimensions": ["source"], "metrics": ["visitors"]}


async def cells(*sources: str | None) -> list[str]:
    async def pages():
        yield [{"dimensions": {"source": each}, "metrics": {"visitors": 1}} for each in sources]

    text = b"".join([line async for line in csv_of(QUESTION, pages())]).decode()
    return [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
async def test_what_a_spreadsheet_would_take_for_a_formula_is_a_text(sign):
    assert await cells(f"{sign}SUM(A1)") == [f"'{sign}SUM(A1)"]


async def test_other_texts_stay_as_they_are_whatever_is_in_them():
    texts = ['a "quoted", one', "two\nlines", "a=b", "\u202eevil", "'quoted'"]
    assert await cells(*texts, None) == [*texts, ""]
