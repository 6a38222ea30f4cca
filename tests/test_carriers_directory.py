"""Who carries a parcel: known from a name in any spelling, from a number where that is certain, and its page."""

from __future__ import annotations

import pytest

from suppliers.carriers.directory import BY_CODE, CARRIERS, carrier_named, link_of, plain_letters
from suppliers.carriers.numbers import carrier_of_number, is_s10, is_ups, is_usps, s10_check_digit

NAMES = {
    "dhl": ["DHL", "dhl", " D.H.L. "],
    "dhl_express": ["DHL Express", "dhl_express", "DHL-EXPRESS Worldwide"],
    "dhl_paket": ["DHL Paket", "dhl-germany", "DHL Deutschland"],
    "dhl_ecommerce": ["DHL eCommerce", "DHL Parcel UK"],
    "deutsche_post": ["Deutsche Post", "Deutsche Post AG", "deutsch-post"],
    "dpd": ["DPD", "DPD Ireland", "dpd"],
    "dpd_uk": ["DPD UK", "dpd-uk", "DPD Local"],
    "ups": ["UPS", "United Parcel Service", "ups_standard"],
    "fedex": ["FedEx", "Fed Ex", "FEDEX Ground", "Federal Express"],
    "usps": ["USPS", "United States Postal Service", "U.S. Post"],
    "royal_mail": ["Royal Mail", "royalmail", "ROYAL MAIL Tracked 48"],
    "an_post": ["An Post", "anpost", "An-Post"],
    "postnl": ["PostNL", "post nl"],
    "la_poste": ["La Poste", "Colissimo", "LaPoste Colissimo"],
    "correos": ["Correos", "Correos España"],
    "poste_italiane": ["Poste Italiane", "poste-italiane"],
    "gls": ["GLS", "GLS Germany", "General Logistics Systems"],
    "evri": ["Evri", "Hermes UK", "myHermes"],
    "inpost": ["InPost", "inpost"],
    "yodel": ["Yodel", "YODEL Direct"],
    "tnt": ["TNT", "TNT Express"],
    "bpost": ["bpost", "BPost"],
    "postnord": ["PostNord", "Post Nord Sverige"],
    "austrian_post": ["Österreichische Post", "Oesterreichische Post AG", "Osterreichische post", "austrian-post"],
    "swiss_post": ["Swiss Post", "Schweizerische Post", "swiss-post"],
}


@pytest.mark.parametrize("code", list(NAMES))
def test_a_carrier_is_known_in_every_spelling(code):
    found = {name: carrier_named(name) for name in NAMES[code]}
    assert {name: carrier and carrier.code for name, carrier in found.items()} == dict.fromkeys(NAMES[code], code)


@pytest.mark.parametrize("name", ["", "UPSala", "Poste Maroc", "Gloss", "Speedy", "tntx", "Postal", "Correoso"])
def test_a_name_that_only_begins_like_a_carriers_is_nobodys(name):
    assert carrier_named(name) is None


def test_the_first_of_several_names_that_is_known_counts():
    assert carrier_named("", "Somebody", "GLS").code == "gls"
    assert carrier_named("an_post", "Royal Mail").code == "an_post"


def test_every_carriers_code_and_name_lead_back_to_it_and_no_spelling_is_anothers():
    assert {carrier.code: carrier_named(carrier.code).code for carrier in CARRIERS} == {code: code for code in BY_CODE}
    assert {carrier.code for carrier in CARRIERS if carrier_named(carrier.name) is not carrier} == set()
    spellings = [spelling for carrier in CARRIERS for spelling in carrier.spelt]
    assert len(spellings) == len(set(spellings))
    assert all(spelling == plain_letters(spelling) for spelling in spellings)


SURE = {
    # The example of standard S10 itself, and numbers of several posts.
    "RA473124829GB": "royal_mail",
    "RB123456785GB": "royal_mail",
    "LX123456785IE": "an_post",
    "lx 123 456 785 ie": "an_post",
    "CP123456785DE": "deutsche_post",
    "EE123456785NL": "postnl",
    "LA123456785FR": "la_poste",
    "RR123456785CH": "swiss_post",
    "RR123456785AT": "austrian_post",
    "RR123456785BE": "bpost",
    "RR123456785SE": "postnord",
    "RR123456785DK": "postnord",
    "EA123456785US": "usps",
    "1Z999AA10123456784": "ups",
    "1Z5R89390357567127": "ups",
    "9400110898825022579493": "usps",
    "JJD000390007882823": "dhl_paket",
    "3SABCD1234567": "postnl",
    "323210000012345678901234": "bpost",
}


@pytest.mark.parametrize("number", list(SURE))
def test_a_number_with_a_mark_of_its_own_names_its_carrier(number):
    assert carrier_of_number(number).code == SURE[number]


@pytest.mark.parametrize(
    "number",
    [
        "",
        "123456789012",
        "15501234567890",
        # One digit mistyped.
        "RA473124828GB",
        "1Z999AA10123456785",
        "9400110898825022579492",
        # A post of a country we have no carrier for.
        "RR123456785AU",
        "IE12345678900001",
    ],
)
def test_a_number_that_could_be_anybodys_is_nobodys(number):
    assert carrier_of_number(number) is None


def test_check_digits_catch_every_single_mistyped_digit():
    def mistyped(number, places):
        return [
            number[:place] + digit + number[place + 1 :]
            for place in places
            for digit in "0123456789"
            if digit != number[place]
        ]

    assert s10_check_digit("47312482") == 9
    assert is_s10("RA473124829GB")
    assert not any(is_s10(number) for number in mistyped("RA473124829GB", range(2, 11)))
    assert is_usps("9400110898825022579493")
    assert not any(is_usps(number) for number in mistyped("9400110898825022579493", range(2, 22)))
    assert is_ups("1Z999AA10123456784")
    assert not is_ups("1Z999AA10123456774")


def test_a_page_shows_the_number_and_nothing_can_break_out_of_it():
    assert link_of(BY_CODE["ups"], "1Z 999", "IE") == "https://www.ups.com/track?tracknum=1Z999"
    assert link_of(BY_CODE["postnl"], "3SABCD1", "IE") == "https://postnl.nl/tracktrace/?B=3SABCD1&D=IE&T=C&L=EN"
    assert link_of(BY_CODE["gls"], "a&b=\"'/?#", "IE").endswith("match=a%26b%3D%22%27%2F%3F%23")
    assert link_of(BY_CODE["packeta"], "Z123", "CZ") == ""
    assert link_of(BY_CODE["ups"], " ", "IE") == ""
    assert all(carrier.link.startswith("https://") for carrier in CARRIERS if carrier.link)
