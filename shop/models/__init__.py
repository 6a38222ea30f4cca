"""What the shop window shows, who visits it, and what lies in the baskets."""

from shop.models.basket import Basket, BasketLine
from shop.models.catalogue import Category, Product, ProductFact, ProductImage, Variant
from shop.models.delivery import DeliveryProfile, DeliveryService, DeliveryZone, ZoneCountry
from shop.models.listing import Listing, ListingFact, SearchWord, Synonym
from shop.models.tax import Market, MarketCountry, TaxClass, TaxRate
from shop.models.user import User

__all__ = [
    "Basket",
    "BasketLine",
    "Category",
    "DeliveryProfile",
    "DeliveryService",
    "DeliveryZone",
    "Listing",
    "ListingFact",
    "Market",
    "MarketCountry",
    "Product",
    "ProductFact",
    "ProductImage",
    "SearchWord",
    "Synonym",
    "TaxClass",
    "TaxRate",
    "User",
    "Variant",
    "ZoneCountry",
]
