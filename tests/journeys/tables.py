"""Empty tables for a shop of SQLite: made once, copied by every shop that follows."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from tests.demo.supplier_process import ROOT

FOLDER = Path(tempfile.gettempdir()) / f"waybill-tests-{os.getuid()}"


def empty_database() -> Path:
    """Return where a database with all tables and no rows is kept, or is to be, for the migrations as they are now."""
    digest = hashlib.sha256()
    for file in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    return FOLDER / f"empty-{digest.hexdigest()[:16]}.sqlite3"


def keep(made: Path) -> None:
    """Keep a copy of a database that was just migrated, and that nobody has open."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    draft = empty_database().with_suffix(f".{os.getpid()}")
    shutil.copyfile(made, draft)
    draft.replace(empty_database())
