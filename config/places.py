"""What later apps add to the list of pages that search engines should know of.

Each entry is a function that returns paths in the default language.
"""

from __future__ import annotations

PLACES: list[str] = ["support.knowledge.sitemap_paths"]
