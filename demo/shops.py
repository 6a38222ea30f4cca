"""The shops that the demo can be: the household shop, and a pharmacy. ``DEMO_SHOP`` chooses one.

Each keeps its data in a folder of its own, so that both may be looked at in turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"


@dataclass(frozen=True, slots=True)
class DemoShop:
    """Who supplies a demo shop, where its data lies, and what it is called."""

    name: str
    suppliers: tuple[str, ...]
    codes: str
    folder: Path = VAR
    settings: dict[str, str] = field(default_factory=dict)


SHOPS = {
    "household": DemoShop(
        name="Larkfield",
        suppliers=("harbour", "meridian", "kestrel"),
        codes="WELCOME10, KITCHEN5, FREEPOST",
        settings={"SELLER_NAME": "Larkfield Household Goods Ltd"},
    ),
    "pharmacy": DemoShop(
        name="Larkfield Pharmacy",
        suppliers=("liffey",),
        codes="WELCOME10, FREEPOST",
        folder=VAR / "pharmacy",
        settings={
            "VAR_DIR": str(VAR / "pharmacy"),
            "SHOP_NAME": "Larkfield Pharmacy",
            "SELLER_NAME": "Larkfield Pharmacy Ltd",
            "PHARMACY_REGISTER_URL": "https://register.example/pharmacies/larkfield",
            "PHARMACY_COUNTRY": "IE",
        },
    ),
}
