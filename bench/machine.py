"""The machine that the figures come from, and which of its cores does what."""

import os
import platform
from pathlib import Path

# The server has the first core for itself; the load, and the stores, have the second.
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVER_CORES, LOAD_CORES = (CORES[:1], CORES[1:2]) if len(CORES) > 1 else (CORES, CORES)


def pin(cores: list[int]) -> None:
    """Keeps this process, and those that it starts from now on, on some cores, where the system can."""
    if cores:
        os.sched_setaffinity(0, cores)


def describe() -> str:
    """One line: processor, cores, Python, system."""
    cores = os.cpu_count() or 1
    return f"{_processor()}, {cores} cores, Python {platform.python_version()}, {platform.system()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
