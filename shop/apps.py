"""The app's name and place."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ShopConfig(AppConfig):
    """The shop app."""

    name = "shop"
    verbose_name = _("Shop")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have rates and markets to begin with, and take a guest's basket along into the log-in."""
        from shop.entrance import bring_basket
        from shop.vat import fill_tax

        post_migrate.connect(fill_tax, sender=self, dispatch_uid="shop.tax")
        user_logged_in.connect(bring_basket, dispatch_uid="shop.basket")
