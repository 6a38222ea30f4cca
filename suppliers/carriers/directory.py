"""The common carriers: how they are spelt, where they show a parcel, and what the tracking services call them.

Links are the carriers' public pages as their own sites and shops' link lists write them (looked up on 2026-11-28); a
carrier whose page takes no number in its address has none. Names at the services are only those that are known for
sure; for the others the service finds the carrier from the number.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier. ``spelt`` are names and beginnings of names in plain letters, without spaces.

    ``link`` has ``{number}`` and may have ``{country}``; ``posts`` are the countries (ISO 3166-1 alpha-2) whose
    postal numbers (S10) it gives out. ``needs_postcode``: its page, and so the services, ask for that of the parcel.
    """

    code: str
    name: str
    spelt: tuple[str, ...]
    link: str = ""
    posts: tuple[str, ...] = ()
    aftership: str = ""
    easypost: str = ""
    needs_postcode: bool = False


CARRIERS = [
    # Several companies with networks of their own: of which one a number is, the name alone does not say.
    Carrier("dhl", "DHL", ("dhl",), "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}&submit=1"),
    Carrier(
        "dhl_express", "DHL Express", ("dhlexpress", "dhlworldwide"),
        "https://www.dhl.com/global-en/home/tracking/tracking-express.html?submit=1&tracking-id={number}",
        aftership="dhl", easypost="DHLExpress",
    ),
    Carrier(
        "dhl_paket", "DHL Paket", ("dhlpaket", "dhlde", "dhlgermany", "dhldeutschland", "dhlparcelde"),
        "https://www.dhl.de/en/privatkunden/dhl-sendungsverfolgung.html?piececode={number}", aftership="dhl-germany",
    ),
    Carrier(
        "dhl_ecommerce", "DHL eCommerce", ("dhlecommerce", "dhlparcel", "dhlglobalmail"),
        "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}&submit=1",
    ),
    Carrier(
        "deutsche_post", "Deutsche Post", ("deutschepost", "deutschpost", "dpag"),
        "https://www.deutschepost.de/de/s/sendungsverfolgung.html?piececode={number}", ("DE",), aftership="deutsch-post",
    ),
    Carrier(
        "dpd_uk", "DPD UK", ("dpduk", "dpdgb", "dpdunitedkingdom", "dpdlocal", "interlinkexpress"),
        "https://track.dpd.co.uk/search?reference={number}", aftership="dpd-uk", easypost="DPDUK",
    ),
    Carrier(
        "dpd", "DPD", ("dpd", "dynamicparceldistribution", "geopost"),
        "https://tracking.dpd.de/status/en_US/parcel/{number}", aftership="dpd", easypost="DPD",
    ),
    Carrier(
        "ups", "UPS", ("ups", "unitedparcelservice"), "https://www.ups.com/track?tracknum={number}",
        aftership="ups", easypost="UPS",
    ),
    Carrier(
        "fedex", "FedEx", ("fedex", "federalexpress"), "https://www.fedex.com/fedextrack/?trknbr={number}",
        aftership="fedex", easypost="FedEx",
    ),
    Carrier(
        "usps", "USPS", ("usps", "unitedstatespostalservice", "uspostalservice", "uspost"),
        "https://tools.usps.com/go/TrackConfirmAction?tLabels={number}", ("US",), aftership="usps", easypost="USPS",
    ),
    Carrier(
        "parcelforce", "Parcelforce", ("parcelforce",), "https://www.royalmail.com/portal/rm/track?trackNumber={number}",
        aftership="parcel-force",
    ),
    Carrier(
        "royal_mail", "Royal Mail", ("royalmail",), "https://www.royalmail.com/track-your-item#/tracking-results/{number}",
        ("GB",), aftership="royal-mail", easypost="RoyalMail",
    ),
    Carrier(
        "an_post", "An Post", ("anpost", "irishpost"), "https://www.anpost.com/Post-Parcels/Track/History?item={number}",
        ("IE",), aftership="an-post",
    ),
    Carrier(
        "postnl", "PostNL", ("postnl", "tntpost"), "https://postnl.nl/tracktrace/?B={number}&D={country}&T=C&L=EN",
        ("NL",), needs_postcode=True,
    ),
    Carrier(
        "chronopost", "Chronopost", ("chronopost",), "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={number}",
        aftership="chronopost-france",
    ),
    Carrier(
        "la_poste", "La Poste (Colissimo)", ("laposte", "colissimo", "lapostecolissimo", "frenchpost"),
        "https://www.laposte.fr/outils/suivre-vos-envois?code={number}", ("FR",), aftership="la-poste-colissimo",
    ),
    Carrier(
        "correos", "Correos", ("correos", "correosespana", "correosexpress"),
        "https://www.correos.es/es/es/herramientas/localizador/envios/detalle?tracking-number={number}", ("ES",),
        aftership="spain-correos-es",
    ),
    Carrier(
        "poste_italiane", "Poste Italiane", ("posteitaliane", "italianpost"),
        "https://www.poste.it/cerca/index.html#/risultati-spedizioni/{number}", ("IT",), aftership="poste-italiane",
    ),
    Carrier(
        "gls", "GLS", ("gls", "generallogisticssystems"), "https://gls-group.eu/EU/en/parcel-tracking?match={number}",
        aftership="gls", needs_postcode=True,
    ),
    Carrier(
        "evri", "Evri", ("evri", "hermesuk", "myhermes"), "https://www.evri.com/track/parcel/{number}"
    ),
    Carrier("inpost", "InPost", ("inpost", "paczkomaty"), "https://inpost.pl/sledzenie-przesylek?number={number}"),
    Carrier("yodel", "Yodel", ("yodel",), "https://www.yodel.co.uk/tracking/{number}", aftership="yodel"),
    Carrier(
        "tnt", "TNT", ("tnt", "tntexpress"),
        "https://www.tnt.com/express/en_gc/site/shipping-tools/tracking.html?searchType=con&cons={number}", aftership="tnt",
    ),
    Carrier(
        "bpost", "bpost", ("bpost", "belgianpost"), "https://track.bpost.cloud/btr/web/#/search?itemCode={number}&lang=en",
        ("BE",), aftership="bpost",
    ),
    Carrier(
        "postnord", "PostNord", ("postnord", "postendanmark", "danmarkpost", "swedenpost"),
        "https://tracking.postnord.com/en/?id={number}", ("SE", "DK"),
    ),
    Carrier(
        "austrian_post", "Österreichische Post", ("osterreichischepost", "oesterreichischepost", "austrianpost", "postat"),
        "https://www.post.at/sv/sendungsdetails?snr={number}", ("AT",), aftership="austrian-post",
    ),
    Carrier(
        "swiss_post", "Swiss Post", ("swisspost", "schweizerischepost", "lapostesuisse", "postch"),
        "https://service.post.ch/ekp-web/ui/entry/search/{number}", ("CH", "LI"), aftership="swiss-post",
    ),
    Carrier("posten_bring", "Posten / Bring", ("bring", "postennorge", "norwaypost"), "", ("NO",)),
    Carrier("posti", "Posti", ("posti", "finlandpost"), "", ("FI",), aftership="posti"),
    Carrier(
        "ctt", "CTT", ("ctt", "correiosdeportugal", "portugalpost"),
        "https://www.ctt.pt/feapl_2/app/open/objectSearch/objectSearch.jspx?objects={number}", ("PT",), aftership="portugal-ctt",
    ),
    Carrier(
        "poczta_polska", "Poczta Polska", ("pocztapolska", "polishpost"),
        "https://emonitoring.poczta-polska.pl/?numer={number}", ("PL",), aftership="poczta-polska",
    ),
    Carrier("packeta", "Packeta", ("packeta", "zasilkovna")),
    Carrier("mondial_relay", "Mondial Relay", ("mondialrelay",), aftership="mondialrelay"),
    Carrier("hermes_de", "Hermes", ("hermes", "hermesde", "myhermesde"), "", aftership="hermes-de"),
]  # fmt: skip
BY_CODE = {carrier.code: carrier for carrier in CARRIERS}


def plain_letters(name: str) -> str:
    """Return a name as names are compared: small letters and digits only, without accents."""
    bare = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", bare.lower())


@cache
def _spelt() -> list[tuple[str, Carrier]]:
    """Return every spelling with its carrier, the longest first: "DHL Paket" is no "DHL"."""
    pairs = [(spelling, carrier) for carrier in CARRIERS for spelling in (*carrier.spelt, plain_letters(carrier.code))]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def carrier_named(*names: str) -> Carrier | None:
    """Return the carrier that one of several names means, in any spelling; None if nobody knows it.

    A name may go on ("DPD Ireland", "Royal Mail Tracked 48"), but only behind a whole word of it: "UPSala" is no UPS.
    """
    for name in names:
        words = [plain_letters(word) for word in re.split(r"[\s/,_.()|-]+", name)]
        beginnings = {"".join(words[:count]) for count in range(1, len(words) + 1)}
        found = next((carrier for spelling, carrier in _spelt() if spelling in beginnings), None)
        if found is not None:
            return found
    return None


def link_of(carrier: Carrier, number: str, country: str) -> str:
    """Return where a carrier shows a parcel; empty if it has no page that takes the number.

    ``country`` is where the parcel goes to (ISO 3166-1 alpha-2).
    """
    tidy = re.sub(r"\s", "", number)
    return (
        carrier.link.format(number=quote(tidy, safe=""), country=quote(country, safe=""))
        if carrier.link and tidy
        else ""
    )
