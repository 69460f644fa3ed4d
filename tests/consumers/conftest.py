"""Pact puts an import of its own in the place of Python's, to look after its own names: not here."""

import builtins

pythons_own = builtins.__import__
import pact  # noqa: E402, F401

builtins.__import__ = pythons_own
