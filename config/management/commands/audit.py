"""``manage.py audit``: prove that it all adds up."""

from __future__ import annotations

import json
import sys

from django.core.management.base import BaseCommand, CommandParser

from config.audit import run_audit
from config.export import export_orders


class Command(BaseCommand):
    help = "Check the invariants over the whole database; exit 1 if one is broken. --export: one JSON line per order."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--export", action="store_true", help="Write one NDJSON record per order instead.")

    def handle(self, *args: object, **options: object) -> None:
        if options["export"]:
            for record in export_orders():
                self.stdout.write(json.dumps(record, separators=(",", ":")))
            return
        broken = 0
        for finding in run_audit():
            broken += len(finding.violations)
            mark = "ok" if not finding.violations else f"{len(finding.violations)} BROKEN"
            self.stdout.write(f"{finding.check.name:16} {mark:12} {finding.check.says}")
            for violation in finding.violations:
                self.stdout.write(f"  - {violation}")
        self.stdout.write(f"unexplained: {broken}")
        if broken:
            sys.exit(1)
