"""Named queries in files of their own."""

from pathlib import Path

import pytest

from cloudmetrics.platform.sql import load_queries


def write(folder: Path, text: str) -> str:
    (folder / "queries.sql").write_text(text)
    return str(folder / "store.py")


def test_each_block_is_an_attribute_without_its_semicolon(tmp_path):
    queries = load_queries(
        write(tmp_path, "-- About this file.\n-- name: one\n-- Why.\nSELECT 1;\n\n-- name: two\nSELECT 2\n")
    )
    assert queries.one == "-- Why.\nSELECT 1"
    assert queries.two == "SELECT 2"


def test_a_name_may_not_occur_twice(tmp_path):
    with pytest.raises(ValueError, match="one occurs twice"):
        load_queries(write(tmp_path, "-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;\n"))


def test_nothing_stands_outside_of_a_block(tmp_path):
    with pytest.raises(ValueError, match="outside"):
        load_queries(write(tmp_path, "SELECT 0;\n-- name: one\nSELECT 1;\n"))


@pytest.mark.parametrize("path", sorted(Path("cloudmetrics").rglob("queries.sql")), ids=str)
def test_every_query_of_ours_is_used(path):
    names = vars(load_queries(str(path)))
    code = path.with_name("store.py").read_text()
    assert names
    assert [name for name in names if f"queries.{name}" not in code] == []
