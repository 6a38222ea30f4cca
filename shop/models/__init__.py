"""What the shop window shows, who visits it, and what lies in the baskets."""

from shop.models.access import AccessLog
from shop.models.address import SavedAddress
from shop.models.basket import Basket, BasketLine
from shop.models.catalogue import Category, Product, ProductFact, ProductImage, Variant
from shop.models.delivery import DeliveryProfile, DeliveryService, DeliveryZone, ZoneCountry
from shop.models.listing import Listing, ListingFact, SearchWord, Synonym
from shop.models.price import PriceChange
from shop.models.region import Customs, Region
from shop.models.review import Review
from shop.models.stock_watch import StockWatch
from shop.models.tax import Market, MarketCountry, TaxClass, TaxRate
from shop.models.texts import Wording
from shop.models.user import User

__all__ = [
    "AccessLog",
    "Basket",
    "BasketLine",
    "Category",
    "Customs",
    "DeliveryProfile",
    "DeliveryService",
    "DeliveryZone",
    "Listing",
    "ListingFact",
    "Market",
    "MarketCountry",
    "PriceChange",
    "Product",
    "ProductFact",
    "ProductImage",
    "Region",
    "SavedAddress",
    "Review",
    "StockWatch",
    "SearchWord",
    "Synonym",
    "TaxClass",
    "TaxRate",
    "User",
    "Variant",
    "Wording",
    "ZoneCountry",
]
