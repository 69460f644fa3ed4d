"""Brings data from elsewhere in, over the public API like any other client."""

from cloudmetrics.importing.importer import BrokenLine, ImportResult, import_log
from cloudmetrics.importing.sending import SendFailed

__all__ = ["BrokenLine", "ImportResult", "SendFailed", "import_log"]
