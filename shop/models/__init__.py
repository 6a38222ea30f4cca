"""What the shop window shows, who visits it, and what lies in the baskets."""

from shop.models.address import SavedAddress
from shop.models.basket import Basket, BasketLine
from shop.models.catalogue import Category, Product, ProductFact, ProductImage, Variant
from shop.models.delivery import DeliveryProfile, DeliveryService, DeliveryZone, ZoneCountry
from shop.models.region import Customs, Region
from shop.models.tax import Market, MarketCountry, TaxClass, TaxRate
from shop.models.user import User

__all__ = [
    "Basket",
    "BasketLine",
    "Category",
    "Customs",
    "DeliveryProfile",
    "DeliveryService",
    "DeliveryZone",
    "Market",
    "MarketCountry",
    "Product",
    "ProductFact",
    "ProductImage",
    "Region",
    "SavedAddress",
    "TaxClass",
    "TaxRate",
    "User",
    "Variant",
    "ZoneCountry",
]
