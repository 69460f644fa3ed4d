"""What methods may be given, as typed dictionaries: `from cloudmetrics_api.params import EventCreate`."""

from .generated.params import *  # noqa: F403
