"""The project: settings, and the places where all apps are tied together."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
