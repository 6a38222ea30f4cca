"""The app's name and place."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class ShopConfig(AppConfig):
    """The shop app."""

    name = "shop"
    verbose_name = _("Shop")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have rates, markets and an index to begin with; forget small tables when they change; take a basket along."""
        from shop.entrance import bring_basket
        from shop.kept import forget_all
        from shop.models import Category, Synonym, TaxRate, Wording, delivery, region, tax
        from shop.models.texts import forget_wordings
        from shop.search.index import keep_index
        from shop.search.synonyms import forget_synonyms
        from shop.tree import forget_tree
        from shop.vat import fill_tax

        post_migrate.connect(fill_tax, sender=self, dispatch_uid="shop.tax")
        post_migrate.connect(keep_index, sender=self, dispatch_uid="shop.index")
        # What prices and days are made of: see shop/kept.py.
        terms = [tax.Market, tax.MarketCountry, TaxRate, region.Region]
        terms += [delivery.DeliveryProfile, delivery.DeliveryZone, delivery.ZoneCountry, delivery.DeliveryService]
        for changed in (post_save, post_delete):
            changed.connect(forget_tree, sender=Category, dispatch_uid="shop.tree")
            changed.connect(forget_synonyms, sender=Synonym, dispatch_uid="shop.synonyms")
            for model in terms:
                changed.connect(forget_all, sender=model, dispatch_uid=f"shop.kept.{model.__name__}")
            changed.connect(forget_wordings, sender=Wording, dispatch_uid="shop.wordings")
        user_logged_in.connect(bring_basket, dispatch_uid="shop.basket")
