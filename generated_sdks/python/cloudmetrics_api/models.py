"""What the API answers: `from cloudmetrics_api.models import Goal`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .generated.models import *  # noqa: F403
else:
    from .generated import models as _models

    __all__ = _models.__all__

    def __getattr__(name: str) -> object:
        return getattr(_models, name)
