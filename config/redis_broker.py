"""The broker of Redis, made safe to lose: a channel whose connection is gone says so in a way that is understood.

When Redis goes away, kombu 5.7 gives back what a worker had not acknowledged yet over a connection that
it has just let go of, fails with an AttributeError, and Celery ends the whole worker ("Unrecoverable
error"). As a connection error it is expected there: the worker connects again. Nothing depends on
what could not be given back: its row is due again.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis as kombu_redis
from redis.exceptions import ConnectionError as RedisConnectionError


class Channel(kombu_redis.Channel):
    """Knows that it has been cut off."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise RedisConnectionError("the connection of this channel is closed")
        return super()._connparams(asynchronous=asynchronous)


class Transport(kombu_redis.Transport):
    """kombu's transport with our channel."""

    Channel = Channel
