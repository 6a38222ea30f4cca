"""The broker of files, made safe to kill: what kombu's own writes in two steps is written in one.

kombu 5.7 makes a message's file first and fills it afterwards. A worker that looks in between, or
after a writer has died there, reads an empty file, and its consumer ends for good. Here a file
appears whole or not at all, and one that makes no sense is left out: its row is due again.
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Files that are renamed into place."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:
        # The time comes first, so that names sort by age.
        name = f"{time.monotonic_ns():020}_{uuid.uuid4()}.{queue}.msg"
        _write(Path(self.data_folder_out) / name, dumps(payload))

    def _get(self, queue: str) -> dict[str, Any]:
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                continue
            except FileNotFoundError as error:
                # The folder is gone, and comes back with the next message. kombu's consumer would end for good.
                raise Empty from error

    def get_table(self, exchange: str) -> list[Any]:
        # A process binds its queues once. If the folder is deleted after that, what it bound still holds:
        # without a table its messages would go nowhere.
        return self._written_table(exchange) or [
            filesystem.exchange_queue_t(*[word or "" for word in bound])
            for bound in self.state.exchanges.get(exchange, {}).get("table", [])
        ]

    def _written_table(self, exchange: str) -> list[Any]:
        try:
            return super().get_table(exchange)
        except ValueError:
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._binding():
            table = self._written_table(exchange)
            if bound not in table:
                _write(self._exchange_file(exchange), dumps([bound, *table]))

    @contextmanager
    def _binding(self) -> Iterator[None]:
        # Workers start at the same moment, and each adds its queues to one table.
        with (self.control_folder / "binding.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # The leading point and the ending keep a draft from being taken for a message.
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    draft.write_text(text)
    draft.replace(target)


class Transport(filesystem.Transport):
    """kombu's transport with our channel."""

    Channel = Channel
