"""The project package as an installed app: commands, checks, roles."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    """Ties the apps together; no app imports it."""

    name = "config"

    def ready(self) -> None:
        """Load the tasks; connect the roles, the nightly audit and the deployment checks."""
        from config import celery, checks, nightly, roles

        # With DEBUG Django would keep every statement with its values in it, and on SQLite it takes another statement
        # to put them there. Whoever wants to read them asks for it (force_debug_cursor).
        BaseDatabaseWrapper.queries_logged = property(lambda self: self.force_debug_cursor)
        celery.load_tasks()
        checks.register()
        # Once, not after each of twenty apps: ours stand before auth, so that by then all their permissions are made.
        post_migrate.connect(roles.keep_roles, sender=apps.get_app_config("auth"), dispatch_uid="config.roles")
        post_migrate.connect(nightly.keep_row, sender=self, dispatch_uid="config.nightly")
