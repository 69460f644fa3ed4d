"""The operations of the small contract."""
