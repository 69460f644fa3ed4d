"""What can go wrong while SDKs are made."""


class GeneratorFailed(Exception):
    """A generator did not make what the contract says. The message says what it said."""


class PackingFailed(Exception):
    """A package could not be packed, or would not be taken. The message is the tool's."""
