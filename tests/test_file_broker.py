"""The broker of files: a message is there whole or not at all, and half of one stops nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.conf import settings

from config.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue():
    """Open a queue of files of its own, whatever broker the other tests use."""
    folder = Path(settings.VAR_DIR) / "file-broker"
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
    }
    with app.connection_for_write(
        "filesystem://", transport="config.file_broker:Transport", transport_options=options
    ) as connection:
        queue = connection.SimpleQueue("engine")
        queue.clear()
        yield queue
        queue.close()


def folder_of(queue) -> Path:
    return Path(queue.channel.data_folder_in)


def test_messages_come_out_in_the_order_they_went_in(queue):
    for number in (1, 2, 3):
        queue.put({"number": number})

    assert [queue.get_nowait().payload["number"] for _turn in range(3)] == [1, 2, 3]


def test_a_message_that_its_writer_left_empty_is_passed_over(queue):
    (folder_of(queue) / "00000000000000000001_0.engine.msg").write_bytes(b"")
    queue.put({"number": 1})

    assert queue.get_nowait().payload == {"number": 1}
    with pytest.raises(queue.Empty):
        queue.get_nowait()


def test_a_draft_is_no_message(queue):
    (folder_of(queue) / ".1_0.engine.msg.77.part").write_bytes(b"{")

    with pytest.raises(queue.Empty):
        queue.get_nowait()


def test_a_folder_that_was_deleted_is_an_empty_queue_and_comes_back_with_the_next_message(queue):
    shutil.rmtree(folder_of(queue))
    with pytest.raises(queue.Empty):
        queue.get_nowait()

    queue.put({"number": 1})

    assert queue.get_nowait().payload == {"number": 1}


def test_a_message_finds_its_queue_after_the_tables_of_queues_were_deleted(queue):
    shutil.rmtree(queue.channel.control_folder)

    queue.put({"number": 1})

    assert queue.get_nowait().payload == {"number": 1}


def test_a_broken_table_of_queues_is_written_anew(queue):
    table = queue.channel._exchange_file("broken")
    table.write_bytes(b"")

    queue.channel._queue_bind("broken", "engine", "", "engine")

    assert [row.queue for row in queue.channel.get_table("broken")] == ["engine"]
