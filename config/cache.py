"""A cache that may be gone: a page is slower without it, never broken."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

# After a failure the cache is left alone for so long, so that a hung Redis costs one
# time-out now and then and not one on every page.
SKIP_SECONDS = 10.0


class TolerantRedisCache(RedisCache):
    """Django's Redis cache, for which an unreachable server is an empty cache."""

    _skip_until = 0.0

    def _try(self, call: Callable[..., Any], fallback: Any, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < TolerantRedisCache._skip_until:
            return fallback
        try:
            return call(*args, **kwargs)
        except (RedisError, OSError):
            TolerantRedisCache._skip_until = time.monotonic() + SKIP_SECONDS
            return fallback

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Return True when nothing is known: rate limits then let the visitor pass."""
        return bool(self._try(super().add, True, *args, **kwargs))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._try(super().get, default, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._try(super().set, None, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._try(super().touch, False, *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._try(super().delete, False, *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return dict(self._try(super().get_many, {}, *args, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._try(super().has_key, False, *args, **kwargs))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return int(self._try(super().incr, delta, key, delta, version))

    def set_many(self, *args: Any, **kwargs: Any) -> list[str]:
        return list(self._try(super().set_many, [], *args, **kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._try(super().delete_many, None, *args, **kwargs)

    def clear(self) -> bool:
        return bool(self._try(super().clear, False))
