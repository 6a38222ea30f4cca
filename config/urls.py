"""Every address of the shop."""

from __future__ import annotations

urlpatterns: list = []
