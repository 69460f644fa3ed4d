"""What can go wrong while SDKs are made."""


class GeneratorFailed(Exception):
    """A generator of others did not make what the contract says. The message says what it said."""
