"""The data folder: nothing is made too early, one user at a time, secrets for the owner only."""

import stat

import pytest

from cloudmetrics.platform.data_folder import DataFolder, write_private
from cloudmetrics.platform.processes import StartupError


def test_claiming_a_folder_that_is_missing_makes_nothing(tmp_path):
    DataFolder(tmp_path / "a" / "b").claim()

    assert list(tmp_path.iterdir()) == []


def test_a_made_folder_belongs_to_its_owner_alone(tmp_path):
    folder = DataFolder(tmp_path / "a" / "b")
    folder.make()

    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.release()


@pytest.mark.parametrize("way", ["claim", "make"])
def test_a_folder_in_use_is_refused_until_it_is_released(tmp_path, way):
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.make()

    with pytest.raises(StartupError, match="in use by another"):
        getattr(second, way)()

    first.release()
    getattr(second, way)()
    second.release()


def test_the_secret_key_is_made_once_and_kept(tmp_path):
    secret = DataFolder(tmp_path).secret_key()

    assert len(secret) >= 32
    assert DataFolder(tmp_path).secret_key() == secret
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_an_interrupted_write_of_a_secret_is_repeated(tmp_path):
    (tmp_path / "demo.json.unfinished").write_text("half")

    write_private(tmp_path / "demo.json", "whole")

    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]
    assert (tmp_path / "demo.json").read_text() == "whole"
