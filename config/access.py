"""Which pages show one person's data to people who work here: the one table that the log of accesses is written by.

Lists are not in it: whoever opens one of their rows is. Every page of the desk about one row is in it, or in
``WITHOUT_DATA`` with the reason; ``tests/test_access_log.py`` walks over all addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from shop.access import note_access
from shop.models import AccessLog

Kind = AccessLog.Kind
# Whatever stands below these addresses is about one case, whoever adds pages there.
OF_A_CASE = "desk/tickets/<int:pk>/"
# Other pages: their name to what they show, the model it is a row of, and where in the address its id stands.
SHOWS: Mapping[str, tuple[AccessLog.Kind, str, str]] = {
    "desk:return-supplier-word": (Kind.CASE, "return", "pk"),
    "desk:return": (Kind.CASE, "return", "pk"),
    "desk:return-receive": (Kind.CASE, "return", "pk"),
    "desk:return-label": (Kind.CASE, "return", "pk"),
    "desk:question": (Kind.CASE, "supplierquestion", "pk"),
    "admin:orders_order_refund": (Kind.ORDER, "order", "pk"),
    "admin:orders_paper_print": (Kind.ORDER, "paper", "pk"),
    "admin:orders_paper_pdf": (Kind.ORDER, "paper", "pk"),
    "admin:notifications_notification_resend": (Kind.MESSAGE, "notification", "pk"),
}
# Models whose rows the admin shows with what is somebody's in them: name, address, words, messages.
PERSONAL: Mapping[str, AccessLog.Kind] = {
    "orders_order": Kind.ORDER,
    "orders_event": Kind.ORDER,
    "orders_paper": Kind.ORDER,
    "orders_shipment": Kind.ORDER,
    "orders_approval": Kind.ORDER,
    "orders_refundrequest": Kind.ORDER,
    "orders_providercustomer": Kind.CUSTOMER,
    "orders_payattempt": Kind.CUSTOMER,
    "orders_incomingevent": Kind.MESSAGE,
    "suppliers_supplierorder": Kind.ORDER,
    "suppliers_supplierreturn": Kind.ORDER,
    "support_ticket": Kind.CASE,
    "support_return": Kind.CASE,
    "support_withdrawal": Kind.CASE,
    "support_supplierquestion": Kind.CASE,
    "support_attachment": Kind.FILE,
    "support_rating": Kind.CASE,
    "notifications_notification": Kind.MESSAGE,
    "notifications_eventdelivery": Kind.MESSAGE,
    "notifications_suppression": Kind.CUSTOMER,
    "notifications_correspondent": Kind.CUSTOMER,
    "shop_user": Kind.CUSTOMER,
    "shop_basket": Kind.CUSTOMER,
    "shop_review": Kind.CUSTOMER,
    "shop_stockwatch": Kind.CUSTOMER,
    "account_emailaddress": Kind.CUSTOMER,
}
# All others in the admin: figures, goods and machinery, which name nobody but by an order's number.
NOT_PERSONAL = [
    "mfa_authenticator",
    "notifications_endpoint",
    "notifications_mailbox",
    "notifications_reviewrequest",
    "orders_authorisation",
    "orders_cancellation",
    "orders_cardcircuit",
    "orders_carddecline",
    "orders_checkoutsession",
    "orders_codeguess",
    "orders_delay",
    "orders_discountcode",
    "orders_discounttally",
    "orders_discountuse",
    "orders_dispute",
    "orders_hold",
    "orders_linereview",
    "orders_meter",
    "orders_payment",
    "orders_reaction",
    "orders_refund",
    "orders_refundcap",
    "orders_reservation",
    "orders_workitem",
    "shop_accesslog",
    "shop_category",
    "shop_deliveryprofile",
    "shop_market",
    "shop_product",
    "shop_productimage",
    "shop_region",
    "shop_synonym",
    "shop_taxrate",
    "shop_variant",
    "shop_wording",
    "suppliers_offer",
    "suppliers_parcelwatch",
    "suppliers_picturefetch",
    "suppliers_supplier",
    "suppliers_suppliercall",
    "suppliers_suppliercancellation",
    "suppliers_supplierchase",
    "suppliers_suppliercredit",
    "suppliers_supplierinvoice",
    "suppliers_trackingcall",
    "suppliers_trackingservice",
    "support_casecause",
    "support_claim",
    "support_helparticle",
    "support_macro",
    "support_replacement",
    "support_servicelevel",
    "support_supportclosure",
    "support_supporthours",
    "support_tag",
]
# Pages of the desk about one row that show nobody's data: they only change something, and lead elsewhere.
WITHOUT_DATA: Mapping[str, str] = {
    "desk:question-close": "only a button",
    "desk:return-answer": "only two buttons",
    "desk:return-step": "only buttons",
    "desk:view-delete": "an agent's own view",
    "desk:shift-remove": "who of us works when",
    "desk:hand-over-read": "only a button",
}
# Answers that show a page: a form with mistakes shows it as well.
SHOWN = {200, 422}


def seen_by(match: ResolverMatch) -> tuple[AccessLog.Kind, str] | None:
    """Return what a page shows of one person, as kind and key; None for one that is not in the table."""
    if match.route.startswith(OF_A_CASE):
        return Kind.CASE, f"ticket:{match.kwargs['pk']}"
    if match.view_name in SHOWS:
        kind, model, name = SHOWS[match.view_name]
        return kind, f"{model}:{match.kwargs[name]}"
    model, _underscore, page = match.view_name.removeprefix("admin:").rpartition("_")
    if match.namespace == "admin" and page in {"change", "history"} and model in PERSONAL:
        return PERSONAL[model], f"{model.partition('_')[2]}:{match.kwargs['object_id']}"
    return None


class AccessMiddleware:
    """Note who saw what, after the page is made and before it goes out: what cannot be noted is not shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in SHOWN and request.resolver_match is not None:
            found = seen_by(request.resolver_match)
            if found is not None:
                note_access(request.user, *found, did=f"{request.method} {request.resolver_match.view_name}")
        return response
