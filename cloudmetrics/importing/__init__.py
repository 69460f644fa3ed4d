"""Brings data from elsewhere in, over the public API like any other client."""

from cloudmetrics.importing.bills import import_bill
from cloudmetrics.importing.importer import import_events, import_log
from cloudmetrics.importing.result import ImportResult
from cloudmetrics.importing.sending import Refused, SendFailed

__all__ = ["ImportResult", "Refused", "SendFailed", "import_bill", "import_events", "import_log"]
