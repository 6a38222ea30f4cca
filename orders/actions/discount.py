"""Discount codes: whether one applies, its uses, and how often somebody may guess."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from orders.models import CodeGuess, DiscountCode, DiscountTally, DiscountUse, Order
from orders.models.discount import normal_code
from shop.kept import Kept
from shop.limits import visitor
from shop.models import Product, User
from shop.models.texts import worded
from shop.money import Money
from shop.words import day

# Unknown codes one place may try within an hour. Nobody mistypes so often; a guesser needs millions.
MOST_MISSES = 20
# Codes whose announcements are read, those that begin later among them, and that a page says at once.
MOST_ANNOUNCED, MOST_AT_ONCE = 100, 5
# Mail providers that deliver a name with and without its dots to the same person.
DOTLESS = {"gmail.com", "googlemail.com"}


class CodeRefused(Exception):
    """The code does not apply; the text says why, for the customer."""

    @property
    def words(self) -> str:
        """The sentence for the customer."""
        return str(self.args[0])


class UnknownCode(CodeRefused):
    """There is no such code, or none that is in use."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who wants to use a code, as far as known: the account, the e-mail address, their order being paid."""

    user: User | None = None
    email: str = ""
    order: Order | None = None

    @property
    def names(self) -> list[str]:
        """What a customer is counted by: the account, and the mailbox whatever way its address is written."""
        found = [f"account:{self.user.pk}"] if self.user is not None and self.user.is_authenticated else []
        return [*found, f"mail:{_digest(self.email)}"] if self.email else found


def normal_mailbox(email: str) -> str:
    """Return one spelling for all the ways in which one mailbox can be written: small letters, no "+tag"."""
    name, _at, domain = unicodedata.normalize("NFKC", email).strip().casefold().rpartition("@")
    name = name.partition("+")[0] or name
    if domain in DOTLESS:
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}"


def _digest(email: str) -> str:
    # A count by customer needs no second list of addresses.
    return hashlib.sha256(b"discount:" + normal_mailbox(email).encode()).hexdigest()


def find_code(typed: str) -> DiscountCode:
    """Return the code that was typed. Raises UnknownCode."""
    code = DiscountCode.objects.filter(code=normal_code(typed), is_active=True).first()
    if code is None:
        text = _("We do not know the code %(code)s. Please look at how it is written.")
        raise UnknownCode(text % {"code": normal_code(typed)})
    return code


def goods_of_code(code: DiscountCode, products: Sequence[Product]) -> set[int]:
    """Return the ids of those of some products that a code is for; two queries."""
    chosen = set(code.products.values_list("pk", flat=True))
    parts = set(code.categories.values_list("pk", flat=True))
    if not chosen and not parts:
        return {product.pk for product in products}
    # A department holds all that is in its parts, and a part all that is in its own.
    return {
        product.pk
        for product in products
        if product.pk in chosen
        or parts & {product.category_id, product.department_id}
        or (parts and product.category.parent_id in parts)
    }


def check_code(code: DiscountCode, *, goods_minor: int, currency: str, buyer: Buyer, now: datetime) -> None:
    """Raise CodeRefused with the reason if a code does not apply now.

    ``goods_minor`` is the value of the goods it is for; 0 means there are none.
    """
    name = {"code": code.code}
    if code.currency != currency:
        raise CodeRefused(_("The code %(code)s is for orders in another currency.") % name)
    if now < code.valid_from:
        raise CodeRefused(_("The code %(code)s counts from %(day)s.") % {**name, "day": day(_local(code.valid_from))})
    if code.valid_until is not None and now >= code.valid_until:
        raise CodeRefused(
            _("The code %(code)s was valid until %(day)s.") % {**name, "day": day(_local(code.valid_until))}
        )
    if not goods_minor:
        raise CodeRefused(_("Nothing in your basket is what the code %(code)s is for.") % name)
    if goods_minor < code.minimum_minor:
        missing = Money(code.minimum_minor - goods_minor, currency)
        text = _("The code %(code)s counts from %(minimum)s: %(missing)s are missing.")
        raise CodeRefused(text % {**name, "minimum": Money(code.minimum_minor, currency), "missing": missing})
    if not _holds(buyer, code):
        _check_limits(code, buyer)


def _local(when: datetime) -> date:
    return timezone.localtime(when).date()


def _holds(buyer: Buyer, code: DiscountCode) -> bool:
    # What the basket's own open order holds is not gone for it.
    order = buyer.order
    return order is not None and DiscountUse.objects.filter(order=order, code=code, released_at=None).exists()


def _check_limits(code: DiscountCode, buyer: Buyer) -> None:
    if code.limit_total is not None and code.used >= code.limit_total:
        raise CodeRefused(_used_up(code))
    if code.limit_per_customer is not None and buyer.names:
        mine = DiscountTally.objects.filter(code=code, who__in=buyer.names, used__gte=code.limit_per_customer)
        if mine.exists():
            raise CodeRefused(_used_by_you(code))


def _used_up(code: DiscountCode) -> str:
    return _("The code %(code)s is used up: it was for a limited number of orders.") % {"code": code.code}


def _used_by_you(code: DiscountCode) -> str:
    return _("You have used the code %(code)s as often as it can be used.") % {"code": code.code}


def lock_codes(order: Order | None, *codes: DiscountCode) -> None:
    """Let nobody else count the uses of some codes, and of the code of an order, until the transaction ends.

    Who writes uses, orders and reserved units takes them in this order: order, codes, units. So no two
    wait for each other.
    """
    wanted = Q(pk__in=[code.pk for code in codes])
    if order is not None:
        wanted |= Q(uses__order=order)
    ids = sorted(DiscountCode.objects.filter(wanted).values_list("pk", flat=True))
    if ids:
        list(DiscountCode.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))


def take_use(order: Order, code: DiscountCode) -> DiscountUse:
    """Count one use of a code for an order, within all its limits.

    Conditional UPDATEs: however many buy at once, no limit is exceeded. Call it inside the transaction
    that places the order. Raises CodeRefused; the caller's transaction must then be rolled back.
    """
    free = DiscountCode.objects.filter(Q(limit_total=None) | Q(used__lt=F("limit_total")), pk=code.pk, is_active=True)
    if not free.update(used=F("used") + 1):
        raise CodeRefused(_used_up(code))
    for who in _names_of(order):
        tally, _new = DiscountTally.objects.get_or_create(code=code, who=who)
        rows = DiscountTally.objects.filter(pk=tally.pk)
        if code.limit_per_customer is not None:
            rows = rows.filter(used__lt=code.limit_per_customer)
        if not rows.update(used=F("used") + 1):
            raise CodeRefused(_used_by_you(code))
    # It may have been the last: then nothing is said of it any more.
    forget_announced()
    use, _new = DiscountUse.objects.update_or_create(
        order=order, defaults={"code": code, "taken_at": timezone.now(), "released_at": None}
    )
    return use


def take_use_again(order: Order) -> None:
    """Count the use of an order that ran out and goes on all the same. Raises CodeRefused if none is left."""
    use = DiscountUse.objects.filter(order=order).exclude(released_at=None).select_related("code").first()
    if use is not None:
        take_use(order, use.code)


def free_use(order: Order) -> bool:
    """Give back the use of an order of which nothing comes; True if there was one. Safe to repeat."""
    # The row is the fence: of two that give back at once, only one lowers the counters.
    use = DiscountUse.objects.filter(order=order, released_at=None).first()
    if use is None or not DiscountUse.objects.filter(pk=use.pk, released_at=None).update(released_at=timezone.now()):
        return False
    DiscountCode.objects.filter(pk=use.code_id).update(used=Greatest(F("used"), 1) - 1)
    forget_announced()
    tallies = DiscountTally.objects.filter(code=use.code_id, who__in=_names_of(order), used__gte=1)
    tallies.update(used=F("used") - 1)
    return True


def _names_of(order: Order) -> list[str]:
    # Always in the same order: two orders of one customer must not wait for each other.
    return sorted(Buyer(user=order.user, email=order.email).names)


def _load_announced() -> list[tuple[str, datetime, datetime | None]]:
    alive = DiscountCode.objects.filter(
        Q(limit_total=None) | Q(used__lt=F("limit_total")), is_active=True, currency=settings.SHOP_CURRENCY
    )
    told = alive.exclude(Q(announcement="") | Q(valid_until__lte=timezone.now()))
    return list(told.values_list("announcement", "valid_from", "valid_until")[:MOST_ANNOUNCED])


_announced = Kept(_load_announced, is_brief=True)
forget_announced = _announced.forget


def announced_codes(*, now: datetime) -> list[str]:
    """Return what the shop says of its codes at the checkout, as it was within the last second; mostly no query."""
    valid = [text for text, since, until in _announced.get() if since <= now and (until is None or now < until)]
    return [worded(text) for text in valid[:MOST_AT_ONCE]]


def may_guess(request: HttpRequest, *, now: datetime) -> bool:
    """False once too many unknown codes came from where this request comes from, within this hour."""
    who, hour = _guesser(request, now)
    return not CodeGuess.objects.filter(who=who, hour=hour, misses__gte=MOST_MISSES).exists()


def note_miss(request: HttpRequest, *, now: datetime) -> None:
    """Count an unknown code; the counters are in the database, so that no cache that was emptied forgets them."""
    who, hour = _guesser(request, now)
    row, _new = CodeGuess.objects.get_or_create(who=who, hour=hour)
    CodeGuess.objects.filter(pk=row.pk).update(misses=F("misses") + 1)
    CodeGuess.objects.filter(hour__lt=hour - timedelta(days=1)).delete()


def _guesser(request: HttpRequest, now: datetime) -> tuple[str, datetime]:
    who = salted_hmac("discount-guess", visitor(request)).hexdigest()
    return who, now.replace(minute=0, second=0, microsecond=0)
