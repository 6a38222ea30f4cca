"""Fill the shop of a chaos run: connect four suppliers, read their catalogues, make an agent."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

import demo.merchants  # noqa: E402

# The profiles of this run stand in its own folder, the fourth supplier's too.
demo.merchants.PROFILES = Path(os.environ["CHAOS_PROFILES"])

import tests.journeys.seed  # noqa: E402, F401  (does its work when it is imported)
from suppliers.models import Supplier  # noqa: E402

# One of those that tell by webhooks and one of those that are read send new goods by themselves.
Supplier.objects.filter(slug__in=["harbour", "quay"]).update(replaces_itself=True)
