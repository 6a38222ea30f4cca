"""Fill a journey's database: suppliers connected and synced as a merchant would, and log-ins."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
