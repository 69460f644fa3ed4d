"""What a registry would not take is not packed without a word."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from cloudmetrics.sdks import packing
from cloudmetrics.sdks.errors import PackingFailed
from cloudmetrics.sdks.golang.names import MODULE
from tests.sdk.suite import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CM-10")]


def python_packages(folder: Path, metadata: str) -> Path:
    with zipfile.ZipFile(folder / "a-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("a-1.0.dist-info/METADATA", metadata)
    (folder / "PKG-INFO").write_text(metadata)
    with tarfile.open(folder / "a-1.0.tar.gz", "w:gz") as sdist:
        sdist.add(folder / "PKG-INFO", "a-1.0/PKG-INFO")
    return folder


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ("Metadata-Version: 2.1\nName: a\nVersion: one\n", "'one' is invalid for 'version'"),
        ("Metadata-Version: 2.1\nName: a\nVersion: 1.0\n", "its README is missing"),
    ],
)
def test_pypi_wants_metadata_and_a_readme(tmp_path, metadata, said):
    with pytest.raises(PackingFailed, match=said):
        packing.check_python(python_packages(tmp_path, metadata))


def test_npm_refuses_a_name_that_is_none(tmp_path):
    told = {"name": "@Cloud Metrics/api-client", "version": "1.0.0"}
    (tmp_path / "package.json").write_text(json.dumps(told))
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as tarball:
        tarball.add(tmp_path / "package.json", "package/package.json")

    with pytest.raises(PackingFailed, match="Invalid name"):
        packing.check_javascript(tmp_path / "a.tgz")


def test_go_refuses_a_module_whose_zip_is_another_ones(tmp_path):
    proxy = packing.module(tmp_path, "v1.0.0")
    with zipfile.ZipFile(proxy / MODULE / "@v/v1.0.0.zip", "w") as archive:
        archive.writestr("example.com/other@v1.0.0/go.mod", "module example.com/other\n")

    with pytest.raises(PackingFailed, match="unexpected file"):
        packing.check_go(proxy, "v1.0.0")


def test_only_jobs_that_publish_can_prove_who_they_are():
    """Each runs in its own environment, and only for a tag whose checks have passed."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    publishing = {name for name, job in jobs.items() if job["permissions"].get("id-token") == "write"}

    assert publishing == {"pypi", "npm", "go"}
    for name in publishing:
        assert jobs[name]["needs"] == "packages"
        assert jobs[name]["environment"] == name
        assert jobs[name]["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert jobs["packages"]["needs"] == "release"
