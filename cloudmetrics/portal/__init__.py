"""The portal: documentation for people, made from the contract; a Flask app beside the API.

It reads the bundle and the error registry once, when it is created, and knows
nothing of workspaces, keys or stores.
"""

from cloudmetrics.portal.app import create_portal, is_portal_path

__all__ = ["create_portal", "is_portal_path"]
