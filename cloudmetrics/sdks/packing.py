"""python -m cloudmetrics.sdks.packing: packs the SDKs into build/packages, and publishes them dry.

Nothing needs a network: tools of each registry's own say whether it would take a package.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.metadata import InvalidMetadata, Metadata

from cloudmetrics.gates.tools import HOME, node_program
from cloudmetrics.sdks.errors import PackingFailed
from cloudmetrics.sdks.golang.names import MODULE
from cloudmetrics.sdks.golang.tools import ENVIRON, program
from cloudmetrics.sdks.manifest import version_of

SDKS = HOME / "generated_sdks"
TARGET = HOME / "build/packages"
# The same zip at any time, whoever packs it: the first moment that one can tell.
LONG_AGO = (1980, 1, 1, 0, 0, 0)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "*.egg-info")


def main() -> int:
    """0 where every registry would take its package."""
    shutil.rmtree(TARGET, ignore_errors=True)
    version = version_of(SDKS)
    try:
        check_python(wheel_and_sdist(TARGET / "python"))
        check_javascript(tarball(TARGET / "javascript"))
        check_go(module(TARGET / "go", f"v{version}"), f"v{version}")
    except PackingFailed as error:
        print(f"cloudmetrics: {error}", file=sys.stderr)
        return 1
    packed = [path for path in sorted(TARGET.rglob("*")) if path.suffix in (".whl", ".gz", ".tgz", ".zip")]
    for path in packed:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{digest}  {path.relative_to(TARGET)} ({path.stat().st_size:,} bytes)")
    return 0


def wheel_and_sdist(folder: Path) -> Path:
    """Packs the Python SDK. Raises PackingFailed."""
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-packing-") as temporary:
        # Building leaves files beside the sources.
        source = shutil.copytree(SDKS / "python", Path(temporary, "python"), ignore=LEFT_OUT)
        run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source])
    return folder


def tarball(folder: Path) -> Path:
    """Builds and packs the JavaScript SDK. Raises PackingFailed."""
    run([node_program(), SDKS / "javascript/build.mjs"])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-packing-") as temporary:
        source = shutil.copytree(SDKS / "javascript", Path(temporary, "javascript"), ignore=LEFT_OUT)
        if repository := os.environ.get("GITHUB_REPOSITORY"):
            # npm compares it with where the package was really built, before it vouches for that.
            url = f"git+{os.environ['GITHUB_SERVER_URL']}/{repository}.git"
            run(npm("pkg", "set", f"repository.url={url}"), source)
        run(npm("pack", "--ignore-scripts", "--silent", "--pack-destination", folder), source)
    (packed,) = folder.glob("*.tgz")
    return packed


def module(folder: Path, version: str) -> Path:
    """Packs the Go SDK as a module proxy has it, and gives the folder, which is one once it is served."""
    source, at = SDKS / "go", folder / MODULE / "@v"
    at.mkdir(parents=True)
    (at / "list").write_text(f"{version}\n")
    (at / f"{version}.info").write_text(f'{{"Version": "{version}"}}\n')
    shutil.copyfile(source / "go.mod", at / f"{version}.mod")
    with zipfile.ZipFile(at / f"{version}.zip", "w") as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                name = f"{MODULE}@{version}/{path.relative_to(source).as_posix()}"
                archive.writestr(zipfile.ZipInfo(name, LONG_AGO), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return folder


def check_python(folder: Path) -> None:
    """Both have metadata as PyPI asks for, and the README with them. Raises PackingFailed."""
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        told = {wheel: archive.read(name)}
    with tarfile.open(sdist) as archive:
        file = archive.extractfile(f"{sdist.name.removesuffix('.tar.gz')}/PKG-INFO")
        told[sdist] = file.read() if file else b""
    for path, text in told.items():
        try:
            metadata = Metadata.from_email(text)
        except* InvalidMetadata as errors:
            said = "; ".join(map(str, errors.exceptions))
            raise PackingFailed(f"PyPI would not take {path.name}: {said}") from None
        if not metadata.description or metadata.description_content_type != "text/markdown":
            raise PackingFailed(f"PyPI would show nothing of {path.name}: its README is missing")


def check_javascript(packed: Path) -> None:
    """npm would take it. Raises PackingFailed."""
    run(npm("publish", packed, "--dry-run", "--offline", "--access", "public"))


def check_go(proxy: Path, version: str) -> None:
    """Go takes the module from a proxy, zip and all. Raises PackingFailed."""
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-packing-") as cache:
        own = {"GOPROXY": proxy.as_uri(), "GOSUMDB": "off", "GOMODCACHE": cache, "GOFLAGS": "-modcacherw"}
        run([program("go"), "mod", "download", f"{MODULE}@{version}"], Path(cache), {**ENVIRON, **own})


def npm(*arguments: str | Path) -> list[str | Path]:
    node = node_program()
    return [node, node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js", *arguments]


def run(command: Sequence[str | Path], folder: Path = HOME, environ: Mapping[str, str] | None = None) -> None:
    """Raises PackingFailed with what the program says."""
    # npm looks for Node.js, and the build for Python's packages, by what is in the environment.
    path = f"{node_program().parent}:{os.environ['PATH']}"
    ended = subprocess.run(  # noqa: S603 - the commands are our own.
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, "PATH": path, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        words = " ".join(Path(word).name for word in map(str, command))
        raise PackingFailed(f"{words}: {(ended.stderr or ended.stdout).strip()[-1000:]}")


if __name__ == "__main__":
    sys.exit(main())
