"""Settings: where they come from, which wins, and what is said of one that cannot be used."""

from dataclasses import fields
from pathlib import Path

import pytest

from cloudmetrics.platform.config import Settings, SettingsError

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
SECRET = "0123456789abcdef0123456789abcdef"


def test_every_setting_has_a_default_that_works():
    settings = Settings.load({})

    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert settings.workers >= 1
    assert settings.data_dir == Path.cwd() / ".data"
    assert settings.responses == "enforce"


def test_the_prefixed_variable_wins_over_the_plain_one_and_both_over_files(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('port = 1000\nhost = "::1"\ndemo = false\n')
    environ = {"CLOUDMETRICS_CONFIG": str(file)}

    assert Settings.load(environ).port == 1000
    assert Settings.load(environ).base_url == "http://[::1]:1000"
    assert Settings.load(environ).demo is False
    assert Settings.load(environ | {"PORT": "2000"}).port == 2000
    assert Settings.load(environ | {"PORT": "2000", "CLOUDMETRICS_PORT": "3000"}).port == 3000


def test_an_empty_variable_counts_as_none():
    assert Settings.load({"PORT": "", "DATABASE_URL": "", "CLOUDMETRICS_HOST": ""}).port == 8080


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text(SECRET + "\n")
    (tmp_path / "url").write_text("postgresql://user:word@host/base\n")

    settings = Settings.load(
        {
            "CLOUDMETRICS_SECRET_KEY_FILE": str(tmp_path / "key"),
            "CLOUDMETRICS_DATABASE_URL_FILE": str(tmp_path / "url"),
            "CLOUDMETRICS_ENVIRONMENT": "production",
        }
    )

    assert settings.secret_key == SECRET.encode()
    assert settings.database_url == "postgresql://user:word@host/base"
    assert settings.responses == "report"
    assert "word" not in repr(settings)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"PORT": "eighty"}, "PORT must be a whole number from 1 to 65535."),
        ({"PORT": "0"}, "PORT must be a whole number from 1 to 65535."),
        ({"PORT": "٨٠"}, "PORT must be a whole number from 1 to 65535."),
        ({"DEMO": "maybe"}, "DEMO must be 0 or 1."),
        (
            {"CLOUDMETRICS_LOG_LEVEL": "loud"},
            "CLOUDMETRICS_LOG_LEVEL must be one of debug, info, warning, error.",
        ),
        (
            {"DATABASE_URL": "mysql://x"},
            "DATABASE_URL must be a URL that starts with postgresql:// or postgres://.",
        ),
        ({"CLOUDMETRICS_SECRET_KEY": "short"}, "CLOUDMETRICS_SECRET_KEY must be at least 32 bytes long."),
        (
            {"CLOUDMETRICS_ENVIRONMENT": "production"},
            "CLOUDMETRICS_SECRET_KEY must be set when CLOUDMETRICS_ENVIRONMENT is production.",
        ),
        (
            {"CLOUDMETRICS_SECRET_KEY_FILE": "/nowhere"},
            "CLOUDMETRICS_SECRET_KEY_FILE names /nowhere, which cannot be read: No such file or directory.",
        ),
        (
            {"CLOUDMETRICS_CONFIG": "/nowhere"},
            "CLOUDMETRICS_CONFIG names /nowhere, which cannot be read: No such file or directory.",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(environ, said):
    with pytest.raises(SettingsError) as raised:
        Settings.load(environ)

    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prot = 1", "there is no setting `prot`"),
        ("port = [1]", "`port` must be a text, a whole number, true or false"),
        ("port = 1.5", "`port` must be a text, a whole number, true or false"),
        ("port = ", "cannot be read"),
    ],
)
def test_a_wrong_file_of_settings_is_told_in_one_line(tmp_path, content, said):
    file = tmp_path / "settings.toml"
    file.write_text(content)

    with pytest.raises(SettingsError) as raised:
        Settings.load({"CLOUDMETRICS_CONFIG": str(file)})

    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_child_process_loads_the_same_settings():
    settings = Settings.load({"PORT": "9000", "CLOUDMETRICS_SECRET_KEY": SECRET, "DEMO": "0"})

    assert Settings.load(settings.to_environ()) == settings


def test_every_setting_is_documented():
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `CLOUDMETRICS_")]

    assert rows == [row_of(each) for each in fields(Settings)]


def row_of(each) -> str:
    name, metadata = each.name.upper(), each.metadata
    names = [f"`CLOUDMETRICS_{name}`", *([f"`{name}`"] if metadata["plain"] else [])]
    names += [f"`CLOUDMETRICS_{name}_FILE`"] if metadata["file"] else []
    default = int(each.default) if isinstance(each.default, bool) else each.default
    shown = metadata["shown"] or f"`{default}`"
    return f"| {', '.join(names)} | {shown} | {metadata['doc']} |"
