"""Who may do what: the groups of staff and their permissions."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import models

from orders.models import RefundCap
from shop.money import minor_units

# Group to permissions, each as "app.action_model"; "app.*" stands for viewing all of an app.
ROLES: dict[str, list[str]] = {
    "Store staff": [
        "shop.view_*",
        "shop.erase_person",
        "shop.change_product",
        "shop.change_category",
        "shop.change_deliveryprofile",
        "shop.add_deliveryzone",
        "shop.change_deliveryzone",
        "shop.delete_deliveryzone",
        "shop.change_productimage",
        "shop.change_review",
        "shop.add_synonym",
        "shop.change_synonym",
        "shop.delete_synonym",
        "shop.add_wording",
        "shop.change_wording",
        "shop.delete_wording",
        "shop.add_taxrate",
        "shop.change_taxrate",
        "shop.add_region",
        "shop.change_region",
        "shop.add_market",
        "shop.change_market",
        "shop.add_marketcountry",
        "shop.change_marketcountry",
        "shop.delete_marketcountry",
        "orders.view_*",
        "orders.change_order",
        "orders.add_refund",
        "orders.add_discountcode",
        "orders.change_discountcode",
        "orders.delete_discountcode",
        "orders.approve_refundrequest",
        "orders.change_workitem",
        "orders.change_incomingevent",
        "suppliers.view_*",
        "suppliers.add_supplier",
        "suppliers.change_supplier",
        "suppliers.change_supplierorder",
        "suppliers.change_suppliercredit",
        "suppliers.add_supplierinvoice",
        "support.view_*",
        # The second person where it is about a legal right, or above an agent's limit.
        "support.decide_return",
        "support.decline_right",
        "support.add_supporthours",
        "support.change_supporthours",
        "support.delete_supporthours",
        "support.add_supportclosure",
        "support.change_supportclosure",
        "support.delete_supportclosure",
        "support.add_servicelevel",
        "support.change_servicelevel",
        "support.delete_servicelevel",
        "support.add_shift",
        "support.delete_shift",
        "support.see_agent_figures",
        "support.add_macro",
        "support.change_macro",
        "support.add_macrotext",
        "support.change_macrotext",
        "support.add_helparticle",
        "support.change_helparticle",
        "support.add_helptext",
        "support.change_helptext",
        "support.delete_helptext",
        "notifications.view_*",
        "notifications.change_notification",
        "notifications.add_suppression",
        "notifications.change_suppression",
        "notifications.add_endpoint",
        "notifications.change_endpoint",
    ],
    "Support agents": [
        "orders.view_order",
        "support.view_*",
        "support.add_ticketmessage",
        "support.change_ticket",
        "orders.add_refund",
        "support.add_return",
        "support.decide_return",
    ],
    "Pharmacists": ["orders.view_order", "orders.view_approval", "orders.add_approval"],
}


# What a role may pay back alone at first, in minor units of the shop's currency with two decimals: in one refund,
# and for one order. Edited in the admin from then on, by superusers.
FIRST_CAPS = {"Store staff": (1_000_00, 2_000_00), "Support agents": (150_00, 300_00)}


def keep_roles(sender: object, **kwargs: object) -> None:
    """Give each role exactly its permissions, and a refund cap where it has none. Runs after every migrate; safe to repeat."""
    for name, wanted in ROLES.items():
        group, _new = Group.objects.get_or_create(name=name)
        group.permissions.set(_permissions(wanted))
        if name in FIRST_CAPS and not RefundCap.objects.filter(group=group).exists():
            _set_first_cap(group, *FIRST_CAPS[name])


def _set_first_cap(group: Group, per_refund: int, per_order: int) -> None:
    currency = settings.SHOP_CURRENCY
    once, all_of_it = (amount * 10 ** minor_units(currency) // 100 for amount in (per_refund, per_order))
    RefundCap.objects.create(group=group, currency=currency, per_refund_minor=once, per_order_minor=all_of_it)


def _permissions(wanted: list[str]) -> models.QuerySet[Permission]:
    found = models.Q(pk=None)
    for entry in wanted:
        app, codename = entry.split(".")
        match = {"codename__startswith": codename[:-1]} if codename.endswith("*") else {"codename": codename}
        found |= models.Q(content_type__app_label=app, **match)
    return Permission.objects.filter(found)
