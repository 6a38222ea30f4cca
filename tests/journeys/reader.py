"""``manage.py audit --export`` over and over, in one process: a line in asks for it, an empty line ends the answer.

Who waits for an order asks many times; a new Python each time would keep a processor busy.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

for _asked in sys.stdin:
    call_command("audit", "--export", stdout=sys.stdout)
    sys.stdout.write("\n")
    sys.stdout.flush()
    # The database may be gone before the next question.
    connections.close_all()
