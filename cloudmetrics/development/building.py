"""From the files as they stand to an application: what changed is taken in, and what is broken is told."""

from __future__ import annotations

import ast
import gc
import importlib
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType

import yaml

from cloudmetrics.contract import ASGIApp, Contract, ContractInvalid, Finding

CURE = "mend it and save; what was sound before goes on serving"


class Broken(Exception):
    """The files cannot be served as they are. `findings` tells every reason."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        super().__init__("\n".join(map(str, self.findings)))


class Builder:
    """Builds the application anew, by what changed since the last time that it could be built.

    `spec` is the contract's root file, `handlers` the folder of the package of that
    name, and `make` makes an application of a contract.
    """

    def __init__(self, spec: Path, handlers: Path, make: Callable[[Contract], ASGIApp]) -> None:
        self.spec = spec
        self.handlers = handlers
        self.make = make
        self.contract: Contract | None = None

    def build(self, changed: Iterable[Path] = ()) -> ASGIApp:
        """The application as the files say now. Raises Broken, and keeps what was before."""
        handlers_changed = any(path.is_relative_to(self.handlers) for path in changed)
        with _without_collecting(), _telling(self.spec.parent.parent):
            contract = Contract.load(self.spec, since=self.contract)
            with self._handlers(handlers_changed):
                app = self.make(contract)
        self.contract = contract
        return app

    @contextmanager
    def _handlers(self, changed: bool) -> Iterator[None]:
        """The handlers' modules, imported anew where one changed; the former ones where that fails."""
        package = self.handlers.name
        former = {name: sys.modules.pop(name) for name in _modules_of(package) if changed}
        try:
            for path in sorted(self.handlers.glob("*.py")):
                if changed:
                    # Python tells versions apart by the second, and one saves more often than that.
                    Path(cache_from_source(str(path))).unlink(missing_ok=True)
                # Whatever is wrong with a module is told by where it is, and not by what lacks it.
                importlib.import_module(f"{package}.{path.stem}" if path.stem != "__init__" else package)
            yield
        except BaseException:
            _put_back(package, former)
            raise


def _modules_of(package: str) -> list[str]:
    return [name for name in sys.modules if name == package or name.startswith(f"{package}.")]


def _put_back(package: str, former: dict[str, ModuleType]) -> None:
    if former:
        for name in _modules_of(package):
            del sys.modules[name]
        sys.modules.update(former)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Nearly all that is made here stays, and to look for garbage among it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _telling(root: Path) -> Iterator[None]:
    """Whatever keeps the files from being served, as findings. Raises Broken."""
    try:
        yield
    except ContractInvalid as error:
        raise Broken(error.findings) from None
    except SyntaxError as error:
        place = f"{_name(root, error.filename or '?')}:{error.lineno or 1}:{error.offset or 1}"
        raise Broken([Finding(place, f"{error.msg}", CURE)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{_name(root, mark.name)}:{mark.line + 1}:{mark.column + 1}" if mark else f"{root}:1:1"
        raise Broken([Finding(place, str(error.problem), CURE)]) from None
    except Exception as error:
        raise Broken([Finding(_where(root, error), f"{type(error).__name__}: {error}", CURE)]) from error


def _where(root: Path, error: Exception) -> str:
    """The last line of the project that an exception came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(root)] or frames
    inside = [frame for frame in own if "/.venv/" not in frame.filename] or own
    frame = inside[-1]
    return f"{_name(root, frame.filename)}:{frame.lineno or 1}:{(frame.colno or 0) + 1}"


def _name(root: Path, file: str) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file


def syntax_errors(root: Path, files: Iterable[Path]) -> list[Finding]:
    """What keeps Python files from being read at all."""
    found = []
    for path in sorted(files):
        try:
            ast.parse(path.read_bytes(), str(path))
        except SyntaxError as error:
            place = f"{_name(root, str(path))}:{error.lineno or 1}:{error.offset or 1}"
            found.append(Finding(place, str(error.msg), CURE))
        except (OSError, ValueError):
            continue  # It is gone already, or is no text: whoever imports it will say so.
    return found
