"""Real threads that begin at the same moment, and ways to take one protection away.

Every race stands here twice: once as the shop is, where nothing may go wrong in RACE_ROUNDS rounds,
and once as an unprotected twin, where exactly one protection is off (with the wall behind it, where
there is one) and everybody is made to read before anybody writes. The twin must show the damage; a race whose twin stays whole proves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from threading import Barrier, BrokenBarrierError, local
from typing import Any

import pytest
from django.core.management.color import no_style
from django.db import connection, connections, models
from django.db.models import QuerySet

from orders import lease
from shop.prepared import PreparedUpdate

ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
# The twins leave nothing to chance, so a few rounds are enough.
TWIN_ROUNDS = min(ROUNDS, 3)
# How long somebody waits for the others. Inside a transaction of SQLite nobody else comes: one writes at a time.
PATIENCE_SECONDS = 10
SINGLE_WRITER_SECONDS = 0.1


Changes = Mapping[str, Any]


def patience() -> float:
    """Return how many seconds to wait for the others."""
    is_alone = connection.vendor == "sqlite" and connection.in_atomic_block
    return SINGLE_WRITER_SECONDS if is_alone else PATIENCE_SECONDS


class Gap:
    """The moment between reading and writing, in which everybody waits for everybody, ``times`` times each."""

    def __init__(self, times: int = 1) -> None:
        self.times = times
        self._barrier: Barrier | None = None
        self._met = local()

    def begin(self, parties: int) -> None:
        """Open the gap for one round."""
        self._met = local()
        self._barrier = Barrier(parties)

    def end(self) -> None:
        """Close it: what a test sets up and looks at afterwards is not held back."""
        self._barrier = None

    def __call__(self, _changes: Changes | None = None) -> None:
        """Wait for the others, unless this thread has met them often enough."""
        met = getattr(self._met, "count", 0)
        if self._barrier is None or met >= self.times:
            return
        self._met.count = met + 1
        try:
            self._barrier.wait(patience())
        except BrokenBarrierError:
            return


class Crowd:
    """So many threads at most, each with its own database connection, kept from round to round."""

    def __init__(self, most: int = 50) -> None:
        self._pool = ThreadPoolExecutor(most)
        self._threads = 0
        self.gap = Gap()

    def at_once(self, *deeds: Callable[[], Any], expected: tuple[type[Exception], ...] = ()) -> list[Any]:
        """Let every deed begin at the same moment; return their results in order.

        An exception of an ``expected`` kind is a result; any other is raised here.
        """
        start = Barrier(len(deeds))
        self._threads = max(self._threads, len(deeds))

        def run(deed: Callable[[], Any]) -> Any:
            start.wait(timeout=30)
            try:
                return deed()
            except expected as error:
                return error

        self.gap.begin(len(deeds))
        try:
            begun = [self._pool.submit(run, deed) for deed in deeds]
            return [one.result(timeout=60) for one in begun]
        finally:
            self.gap.end()

    def leave(self) -> None:
        """Close the connection of every thread."""
        if self._threads:
            self.at_once(*[connections.close_all] * self._threads)
        self._pool.shutdown()


def hold(one_round: Callable[[], None], rounds: int = ROUNDS) -> None:
    """Run the rounds of a race; each asserts for itself that nothing went wrong."""
    for _number in range(rounds):
        one_round()


def break_down(one_round: Callable[[], None], damage: str, *, single_writer_holds: bool = False) -> None:
    """Run the rounds of an unprotected twin, of which one must end in the assertion that says ``damage``.

    With ``single_writer_holds`` the damage needs two open transactions that write. SQLite (IMMEDIATE)
    has one at a time, so there the twin must stay whole: that is what SQLite itself guarantees.
    """
    if single_writer_holds and connection.vendor == "sqlite":
        hold(one_round, TWIN_ROUNDS)
        return
    with pytest.raises(AssertionError, match=damage):
        hold(one_round, TWIN_ROUNDS)


def read_then_write(
    monkeypatch: pytest.MonkeyPatch,
    *of: type[models.Model],
    before: Callable[[Changes], None],
    after: Callable[[Changes], None] = lambda changes: None,
    only: Callable[[Changes], bool] = lambda changes: True,
) -> None:
    """Turn each conditional UPDATE of some models into a look, a gap, and a write that asks nothing more.

    ``only`` chooses among the updates by the columns they write.
    """
    update = QuerySet.update

    def unconditional(self: QuerySet, **changes: Any) -> int:
        if self.model not in of or not only(changes):
            return update(self, **changes)
        seen = list(self.values_list("pk", flat=True))
        before(changes)
        written = update(self.model._base_manager.filter(pk__in=seen), **changes)
        after(changes)
        return written

    unconditional.alters_data = True
    monkeypatch.setattr(QuerySet, "update", unconditional)
    update_anew(monkeypatch)


def update_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Django make each UPDATE, those too that are written once."""

    def made_anew(self: PreparedUpdate, *values: Any) -> int:
        rows, changes = self._build(*values)
        return rows.update(**changes)

    monkeypatch.setattr(PreparedUpdate, "__call__", made_anew)


def wait_before_update(monkeypatch: pytest.MonkeyPatch, model: type[models.Model], gap: Callable[[], None]) -> None:
    """Leave each UPDATE of one model as it is, but let everybody come as far as that first."""
    update = QuerySet.update

    def awaited(self: QuerySet, **changes: Any) -> int:
        if self.model is model:
            gap()
        return update(self, **changes)

    awaited.alters_data = True
    monkeypatch.setattr(QuerySet, "update", awaited)
    update_anew(monkeypatch)


def never_lock(monkeypatch: pytest.MonkeyPatch, model: type[models.Model]) -> None:
    """Let select_for_update lock no row of one model."""
    select_for_update = QuerySet.select_for_update

    def unlocked(self: QuerySet, *args: Any, **kwargs: Any) -> QuerySet:
        return self.all() if self.model is model else select_for_update(self, *args, **kwargs)

    unlocked.alters_data = True
    monkeypatch.setattr(QuerySet, "select_for_update", unlocked)


def look_then_make(monkeypatch: pytest.MonkeyPatch, model: type[models.Model], gap: Callable[[], None]) -> None:
    """Turn get_or_create of one model into a look, a gap, and an insert."""
    get_or_create = QuerySet.get_or_create

    def in_two_steps(self: QuerySet, defaults: Changes | None = None, **wanted: Any) -> tuple[models.Model, bool]:
        if self.model is not model:
            return get_or_create(self, defaults, **wanted)
        found = self.filter(**wanted).first()
        gap()
        return (found, False) if found else (self.create(**wanted, **(defaults or {})), True)

    in_two_steps.alters_data = True
    monkeypatch.setattr(QuerySet, "get_or_create", in_two_steps)


def find_any(monkeypatch: pytest.MonkeyPatch, model: type[models.Model]) -> None:
    """Let get() of one model be content with the first row where it finds several."""
    get = QuerySet.get

    def first(self: QuerySet, *args: Any, **wanted: Any) -> models.Model:
        if self.model is not model:
            return get(self, *args, **wanted)
        return get(self.filter(*args, **wanted).order_by("pk")[:1])

    monkeypatch.setattr(QuerySet, "get", first)


def forget_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the fence away: whoever gives a row back is believed to hold it still."""
    finish = lease.finish

    def unfenced(row: lease.DueWork, **changes: Any) -> bool:
        row.attempt = type(row)._default_manager.values_list("attempt", flat=True).get(pk=row.pk)
        return finish(row, **changes)

    monkeypatch.setattr(lease, "finish", unfenced)


@contextmanager
def without_wall(model: type[models.Model], *names: str) -> Iterator[None]:
    """Take constraints, or the uniqueness of fields, out of the test database, and put them back."""
    complete = model._meta.constraints
    walls = [one for one in complete if one.name in names]
    fields = [model._meta.get_field(name) for name in names if name not in {one.name for one in walls}]
    # SQLite makes the table anew from what the model says of itself, each time one thing is altered.
    model._meta.constraints = [one for one in complete if one not in walls]
    unique = [_say_unique(field, False) for field in fields]
    try:
        with connection.schema_editor() as editor:
            for wall in walls:
                editor.remove_constraint(model, wall)
            for before, field in zip(unique, fields, strict=True):
                editor.alter_field(model, before, field)
        yield
    finally:
        # Rows that break the rule must go before it comes back; the test ends here anyhow.
        emptied = connection.ops.sql_flush(no_style(), [model._meta.db_table], allow_cascade=True)
        connection.ops.execute_sql_flush(emptied)
        model._meta.constraints = complete
        loose = [_say_unique(field, True) for field in fields]
        with connection.schema_editor() as editor:
            for wall in walls:
                editor.add_constraint(model, wall)
            for before, field in zip(loose, fields, strict=True):
                editor.alter_field(model, before, field)


def _say_unique(field: models.Field, is_unique: bool) -> models.Field:
    """Let a field of a model say whether it is unique; return what it was before."""
    before = copy(field)
    field._unique = is_unique
    # Django keeps the answer from when it was first asked: the next question must find the new one.
    field.__dict__.pop("unique", None)
    return before
