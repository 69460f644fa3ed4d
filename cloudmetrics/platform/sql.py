"""SQL in files of its own, beside the code that runs it.

    -- name: visitors_by_day
    -- Distinct visitors per day.
    SELECT …

is the attribute `visitors_by_day` of what `load_queries(__file__)` returns.
"""

import re
from pathlib import Path
from types import SimpleNamespace

BLOCK = re.compile(r"^-- name: (\w+)[ \t]*\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


def load_queries(beside: str) -> SimpleNamespace:
    """The statements of the file queries.sql beside a module, by their names.

    Raises ValueError for a name that occurs twice, or text outside of any block.
    """
    path = Path(beside).with_name("queries.sql")
    text = path.read_text(encoding="utf-8")
    queries: dict[str, str] = {}
    for name, statement in BLOCK.findall(text):
        if name in queries:
            raise ValueError(f"{path}: the name {name} occurs twice")
        queries[name] = statement.strip().rstrip(";")
    if outside := re.sub(r"^--.*$", "", BLOCK.sub("", text), flags=re.MULTILINE).strip():
        raise ValueError(f"{path}: this stands outside of any named block: {outside[:60]}")
    return SimpleNamespace(**queries)
