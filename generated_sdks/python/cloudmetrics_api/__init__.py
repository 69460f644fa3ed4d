"""CloudMetrics: send events in, get exact numbers out.

from cloudmetrics_api import CloudMetrics

client = CloudMetrics()
print(client.metrics.get().visitors)
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .generated import version

__version__ = version.VERSION

if TYPE_CHECKING:
    from . import errors, models, params, webhooks
    from .client import AsyncCloudMetrics, CloudMetrics, Response
    from .errors import APIError, CloudMetricsError
    from .generated.error_codes import ErrorCode
    from .generated.types import UNSET, Unset

__all__ = [
    "UNSET",
    "APIError",
    "AsyncCloudMetrics",
    "CloudMetrics",
    "CloudMetricsError",
    "ErrorCode",
    "Response",
    "Unset",
    "__version__",
    "errors",
    "models",
    "params",
    "webhooks",
]

# Importing this costs next to nothing; each name is loaded when it is first used.
_WHERE = {
    "APIError": "errors",
    "AsyncCloudMetrics": "client",
    "CloudMetrics": "client",
    "CloudMetricsError": "errors",
    "ErrorCode": "generated.error_codes",
    "Response": "client",
    "UNSET": "generated.types",
    "Unset": "generated.types",
}


def __getattr__(name: str) -> object:
    if name in ("errors", "models", "params", "webhooks"):
        return import_module(f".{name}", __name__)
    if name not in _WHERE:
        raise AttributeError(f"cloudmetrics_api has no {name}")
    value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value
