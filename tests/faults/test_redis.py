"""Redis dies and comes back empty: customers keep buying, nothing is lost, nothing is doubled.

On a private server of the suite's own, so that it can really be killed.
"""

from __future__ import annotations

import logging

import pytest

from config.celery import app
from tests.chaos.valkey import PrivateRedis
from tests.journeys.buying import buy, wait_delivered
from tests.journeys.stack import Stack, wait_for

pytestmark = pytest.mark.faults


@pytest.fixture
def private_redis(tmp_path):
    server = PrivateRedis(tmp_path)
    server.start()
    yield server
    server.kill()


def test_what_was_not_acknowledged_when_redis_died_ends_no_worker(private_redis):
    connection = app.connection_for_read(private_redis.url, transport="config.redis_broker:Transport")
    queue = connection.SimpleQueue("engine")
    queue.put({"number": 1})
    message = queue.get(timeout=5)
    channel = queue.channel
    private_redis.kill()
    # As Celery does when it has lost the broker; what is no error of the connection would end the worker.
    expected = connection.connection_errors + connection.channel_errors
    connection.collect()
    channel._disconnect_pools()

    with pytest.raises(expected):
        channel.qos.restore_unacked()
    message.ack_log_error(logging.getLogger(__name__), expected)
    assert not message.acknowledged


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
