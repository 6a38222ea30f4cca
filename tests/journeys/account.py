"""The shop's own account of its orders (``audit --export``), asked for by tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.demo.supplier_process import ROOT


class Account:
    """Keeps one reader (``tests.journeys.reader``) open, in the shop's environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.reader"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def orders(self) -> list[dict[str, Any]]:
        """Return every order as it is now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        records = []
        while (line := self._process.stdout.readline()) != "\n":
            assert line, f"the reader of orders ended with {self._process.wait()}"
            records.append(json.loads(line))
        return records

    def close(self) -> None:
        """End the reader."""
        self._process.communicate()
