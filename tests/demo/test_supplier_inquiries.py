"""The contract's rule about questions (C-25), held against a real simulated supplier over HTTP."""

import pytest

from tests.demo.supplier_checks import CheckedSupplier, write_profile

INQUIRY = {"kind": "unsent", "answer_by": "2026-12-01T00:00:00Z"}


@pytest.fixture(scope="module")
def supplier(tmp_path_factory):
    with CheckedSupplier(write_profile(tmp_path_factory.mktemp("harbour")), sandbox=True) as process:
        yield process


def test_c25_an_inquiry_is_noted_and_changes_nothing_of_its_order(supplier):
    order = supplier.place(("MUG", 1))

    asked = supplier.call("POST", f"/orders/{order['reference']}/inquiries", json=INQUIRY)
    unknown = supplier.call("POST", "/orders/never-stored/inquiries", json=INQUIRY)

    assert (asked.status_code, asked.json()["kind"]) == (202, "unsent")
    assert unknown.status_code == 404
    assert supplier.order(order["reference"])["version"] == order["version"]
