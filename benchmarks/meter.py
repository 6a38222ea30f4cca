"""Seconds of CPU that processes have used, from /proc: of a server with its children, and of a database's connections."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int, *, with_ended_children: bool = False) -> float:
    """Return what a process has used; 0 for one that has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        # The name of the program may contain anything but this.
        columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(ticks) for ticks in columns[11 : 15 if with_ended_children else 13]) / TICKS
    return 0.0


def tree_seconds(pid: int) -> float:
    """Return what a process and its children have used, those that have ended included."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_seconds(pid, with_ended_children=True) + sum(tree_seconds(int(child)) for child in children)


class DatabaseMeter:
    """What the connections to one database use. They are to last: what a closed one used is not known any more."""

    def __init__(self, server: str, name: str) -> None:
        self.name = name
        self.connection = psycopg.connect(server, autocommit=True)

    def seconds(self) -> Mapping[int, float]:
        """Return the seconds of each connection, by its process."""
        rows = self.connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [self.name]).fetchall()
        if rows and not any(Path(f"/proc/{pid}").exists() for (pid,) in rows):
            raise SystemExit("PostgreSQL must run on this machine: what it uses is read from /proc.")
        return {pid: cpu_seconds(pid) for (pid,) in rows}

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()


def used_between(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Return what connections used between two looks."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())
