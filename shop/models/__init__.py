"""What the shop window shows, who visits it, and what lies in the baskets."""

from shop.models.basket import Basket, BasketLine
from shop.models.catalogue import Category, Product, ProductFact, ProductImage, Variant
from shop.models.delivery import DeliveryProfile, DeliveryRate
from shop.models.user import User

__all__ = [
    "Basket",
    "BasketLine",
    "Category",
    "DeliveryProfile",
    "DeliveryRate",
    "Product",
    "ProductFact",
    "ProductImage",
    "User",
    "Variant",
]
