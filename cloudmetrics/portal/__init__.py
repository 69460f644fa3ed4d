"""The portal: a Flask app beside the API.

`app.py` is the documentation, made from the contract: it reads the bundle and
the error registry once, when it is created, and knows nothing of workspaces,
keys or stores. `oauth/` is OAuth 2.1 and the pages on which people sign in; it
reaches the services by the bridge.
"""

from cloudmetrics.portal.app import create_portal, is_portal_path

__all__ = ["create_portal", "is_portal_path"]
