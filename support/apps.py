"""The app's name and place."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """The support app."""

    name = "support"
    verbose_name = _("Support")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Fill in the first service levels, macros and articles; read what pages keep anew when somebody has changed it."""
        from support import first_macros, macros
        from support.actions.articles import keep_articles
        from support.agents import forget_duty
        from support.knowledge import forget_answers
        from support.levels import forget_levels, keep_levels

        post_migrate.connect(keep_levels, sender=self, dispatch_uid="support.levels")
        post_migrate.connect(first_macros.keep_macros, sender=self, dispatch_uid="support.macros")
        post_migrate.connect(keep_articles, sender=self, dispatch_uid="support.articles")
        kept = dict.fromkeys(("SupportHours", "SupportClosure", "ServiceLevel"), forget_levels) | {"Shift": forget_duty}
        kept |= dict.fromkeys(("Macro", "MacroText", "Macro_tags"), macros.KEPT.forget)
        kept |= dict.fromkeys(("HelpArticle", "HelpText"), forget_answers)
        for name, forget in kept.items():
            for signal in (post_save, post_delete):
                signal.connect(forget, sender=self.get_model(name), dispatch_uid=f"support.kept.{name}")
