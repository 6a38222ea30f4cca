"""The shop as gunicorn runs it in production, with the lean pages beside its own and a sandbox in the place of Stripe."""

from __future__ import annotations

import os

from django.conf import settings

from benchmarks.stage import ROOT

settings.ROOT_URLCONF = "benchmarks.lean"
settings.TEMPLATES[0]["DIRS"].append(ROOT / "benchmarks" / "templates")
# Production refuses a sandbox; this is no production.
settings.STRIPE_API_BASE = os.environ["BENCHMARK_PAYMENTS"]

from config.wsgi import application  # noqa: E402

__all__ = ["application"]
