"""The ASGI application that gunicorn serves."""

from cloudmetrics.app import create_app
from cloudmetrics.platform.config import Settings

app = create_app(Settings.load())
