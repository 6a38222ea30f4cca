"""``manage.py personal_data``: hand out or erase what is kept about one person."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.privacy import KEPT
from shop.erasure import NotYet, erase_person, found_of, reasons_to_wait
from shop.people import Person, person_at
from shop.personal_data import StaysStaff, exported


class Command(BaseCommand):
    help = "Hand out (export) or erase what is kept about the person of an e-mail address, account or guest."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["export", "erase"])
        parser.add_argument("email")
        parser.add_argument("--yes", action="store_true", help="Erase; without it erase only says what it would do.")

    def handle(self, *args: object, **options: object) -> None:
        person = person_at(str(options["email"]))
        if options["what"] == "export":
            for piece in exported(person):
                self.stdout.write(piece, ending="")
            return
        self._preview(person)
        if not options["yes"]:
            self.stdout.write("Nothing was erased. Repeat with --yes to do it.")
            return
        try:
            erase_person(person, by=None)
        except NotYet as error:
            raise CommandError("Not yet: " + " ".join(error.reasons)) from error
        except StaysStaff as error:
            raise CommandError("This is somebody who works here: take their role away first.") from error
        self.stdout.write("Erased.")

    def _preview(self, person: Person) -> None:
        for label, count in found_of(person):
            self.stdout.write(f"{count:>6}  {label}")
        for (model, column), why in KEPT.items():
            self.stdout.write(f"stays:  {model}.{column}: {why}")
        for reason in reasons_to_wait(person):
            self.stdout.write(f"not yet: {reason}")
