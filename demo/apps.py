"""The demo shop: only installed for development and tests."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Commands that fill and start the demo shop."""

    name = "demo"
