"""Move the clock of the whole shop: Python's, and the one of the database, by which leases and due times go."""

from __future__ import annotations

from datetime import UTC, datetime

import time_machine
from django.db import connection

# On PostgreSQL what our schema calls by that name comes before the system's.
MOVED = (
    "CREATE SCHEMA IF NOT EXISTS moved",
    "CREATE OR REPLACE FUNCTION moved.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS "
    "$$ SELECT current_setting('waybill.now')::timestamptz $$",
    "SET search_path = moved, pg_catalog, public",
)


class Clock:
    """Stands still unless it is moved; ``stop`` lets time go on as everywhere else."""

    def __init__(self, start: datetime) -> None:
        self.traveller = time_machine.travel(start, tick=False)
        self.coordinates = self.traveller.start()
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            # It says the true time as well once Python's clock goes again.
            connection.connection.create_function("strftime", -1, _strftime)
        else:
            with connection.cursor() as cursor:
                for statement in MOVED:
                    cursor.execute(statement)
        self.move_to(start)

    def move_to(self, moment: datetime) -> None:
        """Be at that moment."""
        self.coordinates.move_to(moment)
        if connection.vendor != "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('waybill.now', %s, false)", [moment.isoformat()])

    def stop(self) -> None:
        """Let it be now again; on PostgreSQL the end of the test's transaction takes the rest back."""
        self.traveller.stop()


def _strftime(form: str, when: str) -> str:
    assert (form, when) == ("%Y-%m-%d %H:%M:%f", "NOW"), "nothing else asks SQLite for the time"
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03}"
