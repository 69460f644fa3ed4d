"""API8, security misconfiguration: nothing is open that need not be, and errors tell nothing of the inside.

Tries every kind of error and looks for traces of the inside; what browsers may
do with an answer; settings that would be unsafe in production. Encryption and
origins are tried in test_transport.py.
"""

import re

import pytest

from cloudmetrics.platform.config import Settings, SettingsError

INSIDE = re.compile(
    r"Traceback|\.py\b|psycopg|redis|SELECT |connexion|gunicorn|site-packages|/home/|/root/", re.I
)

pytestmark = pytest.mark.requirement("D6-7", "CM-14")


async def test_errors_tell_nothing_of_the_inside(client, stranger):
    answers = [
        await stranger.get("/v1/workspace"),
        await stranger.get("/v1/nothing"),
        await stranger.get("/docs/nothing"),
        await client.get("/v1/metrics?start_date=%00"),
        await client.get("/v1/websites/%27%20OR%201=1--"),
        await client.get("/v1/websites?cursor=%ff"),
        await client.post("/v1/websites", content=b"{", headers={"Content-Type": "application/json"}),
        await client.post("/v1/websites", content=b"<x/>", headers={"Content-Type": "application/xml"}),
        await client.delete("/v1/metrics"),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert not INSIDE.search(answer.text), answer.text
        assert "server" not in answer.headers
        assert "x-powered-by" not in answer.headers


async def test_answers_are_what_they_say_and_stay_where_they_are(client):
    answer = await client.get("/v1/workspace")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    # Whoever asked may keep it, nobody on the way.
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "set-cookie" not in answer.headers


async def test_no_file_of_the_server_is_served(stranger):
    for path in (
        "/.env", "/.git/config", "/docs/../../pyproject.toml", "/docs/assets/../../app.py",
        "/docs/assets/%2e%2e/%2e%2e/app.py", "/api/docs/..%2f..%2fapp.py", "/etc/passwd", "//etc/passwd",
        "/server-status", "/debug", "/console", "/metrics", "/actuator/env",
    ):  # fmt: skip
        answer = await stranger.get(path)
        assert answer.status_code == 404, path


def test_production_insists_on_a_secret():
    with pytest.raises(SettingsError):
        Settings.load({"CLOUDMETRICS_ENVIRONMENT": "production"})
    with pytest.raises(SettingsError):
        Settings.load({"CLOUDMETRICS_SECRET_KEY": "short"})
    with pytest.raises(SettingsError):
        Settings.load({"CLOUDMETRICS_PREVIOUS_SECRET_KEYS": f"{'s' * 32} short"})


def test_settings_keep_their_secrets_to_themselves():
    secret = "s" * 40
    assert secret not in repr(Settings.load({"CLOUDMETRICS_SECRET_KEY": secret}))
