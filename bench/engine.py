"""The engine against its peers: a validated GET of a page and of 10 rows, a validated POST of 100 events."""

from collections.abc import Callable
from contextlib import ExitStack

import httpx

from bench.load import request_bytes
from bench.peers.data import EVENTS, GET_PATH, POST_BODY, POST_PATH, SMALL_GET_PATH
from bench.report import Figure, against_bar
from bench.rounds import Turns, alternate, times_as_fast
from bench.servers import serving

OURS = "CloudMetrics"
NO_FRAMEWORK = "a constant answer"
PEERS = {
    OURS: "bench.peers.ours:app",
    "FastAPI": "bench.peers.fastapi_app:app",
    "AsyncApp": "bench.peers.connexion_async:app",
    "FlaskApp": "bench.peers.connexion_flask:app",
    "Starlette": "bench.peers.starlette_app:app",
    "Starlette, orjson": "bench.peers.starlette_orjson:app",
    NO_FRAMEWORK: "bench.peers.constant:app",
}
UNVALIDATED = {"Starlette", "Starlette, orjson", NO_FRAMEWORK}
BARS = {
    "FastAPI": 4.0,
    "AsyncApp": 5.0,
    "FlaskApp": 15.0,
    "Starlette": 0.8,
}
OPERATIONS = {
    "validated GET of a page of 100": request_bytes(GET_PATH),
    "validated GET of 10 rows": request_bytes(SMALL_GET_PATH),
    "validated POST of 100 events": request_bytes(POST_PATH, POST_BODY),
}
# What the contract forbids, by what is wrong with it.
BAD_PATHS = {
    "a number out of range": f"{GET_PATH}&limit=0",
    "a text for a number": f"{GET_PATH}&limit=many",
    "an unknown status": GET_PATH.replace("ACTIVE", "active"),
    "a date that does not exist": GET_PATH.replace("2026-01-01", "2026-01-32"),
    "a malformed UUID in the path": GET_PATH.replace("/websites/", "/websites/x"),
}
BAD_FIELDS: dict[str, dict[str, object]] = {
    "an empty text": {"id": ""},
    "a text that is too long": {"name": "x" * 101},
    "a malformed time": {"timestamp": "yesterday"},
    "a malformed UUID in the body": {"website_id": "x"},
    "a text against its pattern": {"country": "Germany"},
    "an unknown field": {"unknown": 1},
    "a fraction for an integer": {"revenue": {"amount_minor": 1.5, "currency": "EUR"}},
}


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """A table per operation."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(app)) for name, app in PEERS.items()}
        tell("whether all check the same")
        leaks = {name: let_pass(each.port) for name, each in servers.items() if name not in UNVALIDATED}
        tables = [
            figure(title, alternate(servers, request, rounds=rounds, seconds=seconds, tell=tell))
            for title, request in OPERATIONS.items()
        ]
    tables[-1].notes += [f"{name} lets pass {', '.join(leak)}." for name, leak in leaks.items() if leak]
    return tables


def figure(title: str, turns: dict[str, Turns]) -> Figure:
    table = Figure(f"One worker, {title}", ["", "requests/s", "p50 ms", "p99 ms", "CPU µs", "ours ×", "bar"])
    for name, theirs in turns.items():
        row = [name, f"{theirs.median('rate'):,.0f}"]
        row += [f"{theirs.median('p50'):.1f}", f"{theirs.median('p99'):.1f}", f"{theirs.median('cpu'):,.0f}"]
        ratio = times_as_fast(turns[OURS], theirs)
        row += ["", ""] if name == OURS else [f"{ratio:.2f}", ""]
        if name in BARS:
            row[-1] = against_bar(ratio, BARS[name])
        table.rows.append(row)
    table.notes.append("AsyncApp and FlaskApp are stock Connexion's. Neither Starlette checks anything.")
    table.notes.append("A constant answer shows what the server and the kernel take of every request.")
    busy = max(each.median("busy") for each in turns.values())
    table.notes.append(f"The load generator was busy for {busy:.0%} of the time at most.")
    return table


def let_pass(port: int) -> list[str]:
    """What a server does not refuse although the contract forbids it."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        answers = {what: client.get(path) for what, path in BAD_PATHS.items()}
        for what, wrong in BAD_FIELDS.items():
            answers[what] = client.post(POST_PATH, json={"events": [EVENTS[0], EVENTS[1] | wrong]})
        answers["a missing field"] = client.post(POST_PATH, json={"events": [{"name": "pageview"}]})
    return [what for what, answer in answers.items() if not 400 <= answer.status_code < 500]
