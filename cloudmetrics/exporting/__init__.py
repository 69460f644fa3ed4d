"""Takes data out, over the public API like any other client."""

from cloudmetrics.exporting.command import run

__all__ = ["run"]
