"""The app's name and place."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    """The orders app."""

    name = "orders"
    verbose_name = _("Orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Show whoever logs in the prices of the country they buy for."""
        from orders.entrance import bring_country

        user_logged_in.connect(bring_country, dispatch_uid="orders.country")
