"""The app's name and place."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    """The orders app."""

    name = "orders"
    verbose_name = _("Orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Show whoever logs in the prices of the country they buy for; see changes of circuit and codes at once."""
        from orders.actions.defence import forget_circuit
        from orders.actions.discount import forget_announced
        from orders.entrance import bring_country
        from orders.models import CardCircuit, DiscountCode

        for changed in (post_save, post_delete):
            changed.connect(forget_circuit, sender=CardCircuit, dispatch_uid="orders.circuit")
            changed.connect(forget_announced, sender=DiscountCode, dispatch_uid="orders.announced")
        user_logged_in.connect(bring_country, dispatch_uid="orders.country")
