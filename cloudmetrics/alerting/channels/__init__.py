"""Channels: whom alerts tell, and how."""
