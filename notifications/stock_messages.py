"""What the message says that something can be bought again."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.mail import Mail, absolute
from shop.models import StockWatch


def back_in_stock(watch: StockWatch) -> Mail:
    """Tell whoever asked, once, with the link that stops it."""
    variant = watch.variant
    name = variant.full_name
    return Mail(
        subject=_("Back in stock: %(name)s") % {"name": name},
        preheader=_("It costs %(price)s today. We send you this one message and no other.") % {"price": variant.price},
        heading=_("%(name)s can be bought again") % {"name": name},
        paragraphs=[
            _("You asked us to tell you. It costs %(price)s today; how many there are we cannot promise.")
            % {"price": variant.price}
        ],
        button=_("See it in the shop"),
        url=absolute(f"{variant.product.get_absolute_url()}?variant={variant.sku}"),
        links=[
            (
                _("You did not ask for this, or want none of these any more"),
                absolute(reverse("shop:stop-telling", args=[watch.token])),
            )
        ],
        after=[_("This is the only message about it: nothing follows, and your address is deleted within 60 days.")],
    )
