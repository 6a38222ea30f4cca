"""Honest ledgers of a chaos run, and every defect that is planted into them, with the promise it breaks."""

from __future__ import annotations

import copy

NUMBER, UNPAID = "LF-1000001", "LF-1000002"
ASKED = {
    "at": 1.0,
    "to": "service@harbour.test",
    "subject": "Please answer by Tue 1 Dec: where is LF-0000001-1-1?",
    "message_id": "<asked@shop>",
}


def supplier_line(sku, quantity, **counters):
    names = ("pending", "accepted", "backordered", "rejected", "cancelled", "shipped", "delivered", "returned")
    return {"line_id": f"L-{sku}", "sku": sku, "quantity": quantity} | {
        f"quantity_{name}": counters.get(name, 0) for name in names
    }


def book(reference, *lines, **more):
    ship_to = {"name": "Kim Buyer 1", "line1": "2 Harbour Road"}
    parcels = [{"status": "delivered", "kind": "outbound", "lines": []}]
    whole = {"reference": reference, "status": "delivered", "effects": 1, "ship_to": ship_to, "lines": list(lines)}
    return whole | {"shipments": parcels, "returns": []} | more


def exported(number, state, **more):
    return {
        "number": number,
        "state": state,
        "currency": "EUR",
        "total_minor": 5000,
        "lines": [],
        "supplier_orders": [],
        "shipments": [],
        "payments": [],
        "refunds": [],
        "returns": [],
        "notifications": [],
        "work_items": [],
    } | more


def mail(kind, subject, to="customer-1@buyers.example"):
    return {"at": 1.0, "to": to, "subject": f"{subject} ({NUMBER})", "message_id": f"<{kind}@shop>"}


def row(kind):
    recipient = "customer-1@buyers.example"
    return {"key": f"{kind}:{NUMBER}:1", "recipient": recipient, "state": "sent", "message_id": f"<{kind}@shop>"}


def paid_order():
    line = {"sku": "HB-1", "ordered": 2, "forwarded": 2, "cancelled": 0, "shipped": 2, "delivered": 2, "refunded": 1}
    line["replaces"] = ""
    part = {"supplier_sku": "HB-1", "quantity": 2, "accepted": 2, "backordered": 0, "rejected": 0, "cancelled": 0}
    theirs = {"reference": f"{NUMBER}-1-1", "supplier": "harbour", "state": "closed", "lines": [part | {"shipped": 2}]}
    return exported(
        NUMBER,
        "paid",
        lines=[line],
        supplier_orders=[theirs],
        shipments=[{"carrier": "dpd", "tracking_number": "1", "status": "delivered", "lines": []}],
        payments=[{"id": "pi_1", "captured_minor": 5000}],
        refunds=[{"id": "re_1", "state": "succeeded", "amount_minor": 1200}],
        notifications=[row("confirmed"), row("sent"), row("delivered"), row("refund")],
    )


def note(number, email, **more):
    return {
        "number": number,
        "email": email,
        "name": "Kim Buyer 1",
        "line1": "2 Harbour Road",
        "behaviour": "plain",
        "goods": {"HB-1": 2},
        "total_minor": 5000,
    } | more


def honest():
    """Return the evidence of a run in which one order was bought, delivered and partly paid back, and one abandoned."""
    intent = {"status": "succeeded", "amount": 5000, "amount_received": 5000, "currency": "eur"}
    unpaid_line = {"sku": "HB-1", "ordered": 2, "forwarded": 0, "cancelled": 0, "shipped": 0, "delivered": 0}
    unpaid_line["replaces"] = ""
    return {
        "acknowledged": [note(NUMBER, "customer-1@buyers.example"), note(UNPAID, "customer-2@buyers.example")],
        "paid": [{"at": 1.0, "number": NUMBER}],
        "second_orders": [],
        "withdrawn": [],
        "new_wanted": [],
        "refunds_asked": [{"number": NUMBER, "amount_minor": 1200, "status": 302}],
        "answers": [],
        "gave_up": [],
        "customer_failed": [],
        "wrong_pages": [],
        "faults": [],
        "faults_failed": [],
        "windows": [{"of": "database", "begins": 100.0, "ends": 104.0}],
        "broken_promises": [],
        "did_not_drain": [],
        "timed": True,
        "ended": [],
        "books": {
            "harbour": {
                "orders": [book(f"{NUMBER}-1-1", supplier_line("HB-1", 2, accepted=2, shipped=2, delivered=2))],
                "placing": [],
                "webhooks": 4,
            }
        },
        "intents": [intent | {"id": "pi_1", "metadata": {"order": NUMBER}}],
        "sandbox_refunds": [
            {
                "id": "re_1",
                "payment_intent": "pi_1",
                "amount": 1200,
                "status": "succeeded",
                "metadata": {"refund": "ticket-1"},
            }
        ],
        "mails": [
            mail("confirmed", "Order confirmed: arrives Thu"),
            mail("sent", "Sent: arrives Thu"),
            mail("delivered", "Delivered: parcel 1"),
            mail("refund", "Refund of €12.00 on its way"),
            ASKED,
        ],
        "export": [paid_order(), exported(UNPAID, "placed", lines=[unpaid_line | {"refunded": 0}])],
        "audit": {"code": 0, "text": "V02 paid ok\nunexplained: 0\n"},
        "same_goods": {"QSX-1": "HB-1"},
        "canaries": [],
        "recovery_seconds": 4.0,
    }


def theirs(evidence):
    return evidence["books"]["harbour"]["orders"]


def the_order(evidence):
    return evidence["export"][0]


def lose_the_supplier_order(evidence):
    theirs(evidence).clear()


def order_twice_under_one_reference(evidence):
    theirs(evidence)[0]["effects"] = 2


def order_again_under_another_reference(evidence):
    theirs(evidence).append(copy.deepcopy(theirs(evidence)[0]) | {"reference": f"{NUMBER}-1-2"})


def order_at_two_suppliers(evidence):
    again = book(f"{NUMBER}-4-1", supplier_line("QSX-1", 2, accepted=2))
    evidence["books"]["quay"] = {"orders": [again | {"shipments": []}], "placing": [], "webhooks": 0}


def forget_an_acknowledged_order(evidence):
    evidence["export"].pop()


def forget_a_paid_order(evidence):
    evidence["export"].pop(0)
    theirs(evidence).clear()


def take_money_for_an_expired_order(evidence):
    the_order(evidence)["state"] = "expired"


def forward_an_unpaid_order(evidence):
    theirs(evidence).append(book(f"{UNPAID}-1-1", supplier_line("HB-1", 2, accepted=2), shipments=[]))


def send_the_goods_to_somebody_else(evidence):
    theirs(evidence)[0]["ship_to"]["line1"] = "Another Street"


def disagree_about_counters(evidence):
    the_order(evidence)["supplier_orders"][0]["lines"][0]["shipped"] = 1


def disagree_about_a_parcel(evidence):
    the_order(evidence)["shipments"][0]["status"] = "in_transit"


def capture_another_amount(evidence):
    evidence["intents"][0]["amount_received"] = 4999


def note_a_payment_nobody_took(evidence):
    the_order(evidence)["payments"].append({"id": "pi_2", "captured_minor": 5000})


def refund_twice(evidence):
    evidence["sandbox_refunds"].append(evidence["sandbox_refunds"][0] | {"id": "re_2"})


def refund_more_than_was_taken(evidence):
    evidence["sandbox_refunds"][0]["amount"] = 5001


def refund_what_nobody_asked_for(evidence):
    evidence["refunds_asked"].clear()


def refund_less_than_promised(evidence):
    evidence["sandbox_refunds"].clear()


def lose_the_confirmation(evidence):
    evidence["mails"].pop(0)


def lose_a_parcel_mail(evidence):
    evidence["mails"].pop(2)


def confirm_twice(evidence):
    evidence["mails"].append(evidence["mails"][0] | {"message_id": "<again@shop>"})


def send_a_second_copy_without_a_cause(evidence):
    evidence["mails"].append(evidence["mails"][0])


def write_to_a_stranger(evidence):
    evidence["mails"][1]["to"] = "customer-2@buyers.example"


def ask_a_supplier_twice(evidence):
    evidence["mails"].append(ASKED | {"message_id": "<asked-again@shop>"})


def confirm_a_return_twice(evidence):
    for which in ("one", "two"):
        told = mail(f"return-{which}", "We have your return request: RT-1234567")
        evidence["mails"].append(told)
        the_order(evidence)["notifications"].append(row(f"return-{which}"))


def confirm_an_unpaid_order(evidence):
    evidence["mails"].append(
        {
            "at": 1.0,
            "to": "customer-2@buyers.example",
            "subject": f"Order confirmed ({UNPAID})",
            "message_id": "<u@shop>",
        }
    )


def answer(status, began=50.0, took=0.1):
    facts = {"at": began + took, "began": began, "took": took, "status": status}
    return facts | {"method": "POST", "path": "/checkout/"}


def show_an_error_page(evidence):
    evidence["answers"].append(answer(500))


def be_unavailable_with_the_database_there(evidence):
    evidence["answers"].append(answer(503))


def let_a_customer_wait(evidence):
    evidence["answers"].append(answer(200, took=11.0))


def find_something_unexplained(evidence):
    evidence["audit"] = {"code": 1, "text": "V05 units 1 BROKEN\nunexplained: 1\n"}


def come_back_before_the_supplier_said(evidence):
    calls = [("2026-11-24T10:00:00.000000Z", 429), ("2026-11-24T10:00:01.200000Z", 201)]
    evidence["books"]["harbour"]["placing"] = [{"at": at, "status": status, "key": "k"} for at, status in calls]


def tell_the_log_who_a_customer_is(evidence):
    evidence["canaries"].append("worker.log tells who a customer is")


def lose_a_worker(evidence):
    evidence["ended"].append("worker")


def never_come_to_rest(evidence):
    evidence["recovery_seconds"] = None


def their_return(quantity=1, **more):
    part = {"line_id": "L-HB-1", "quantity": quantity, "quantity_rejected": 0}
    return {"return_reference": "RT-1", "status": "resolved", "lines": [part]} | more


def our_return(**more):
    line = {"sku": "HB-1", "quantity": 1, "received": 1, "refused": 0, "settled": 1}
    return {"number": "RT-1", "state": "resolved", "decided": "replacement", "lines": [line | more]}


def ask_for_a_return_that_the_shop_does_not_know(evidence):
    theirs(evidence)[0]["returns"] = [their_return()]


def take_back_more_than_was_sent(evidence):
    theirs(evidence)[0]["returns"] = [their_return(quantity=3)]
    the_order(evidence)["returns"] = [our_return()]


def settle_a_unit_twice(evidence):
    theirs(evidence)[0]["returns"] = [their_return()]
    the_order(evidence)["returns"] = [our_return(settled=2)]


def send_it_anew_twice(evidence):
    theirs(evidence)[0]["returns"] = [their_return()]
    the_order(evidence)["returns"] = [our_return()]
    line = the_order(evidence)["lines"][0]
    the_order(evidence)["lines"].append(line | {"ordered": 2, "replaces": "HB-1"})


def let_a_supplier_send_it_anew_as_well(evidence):
    own = {"status": "delivered", "kind": "replacement", "lines": [{"sku": "HB-1", "quantity": 1}]}
    theirs(evidence)[0]["shipments"].append(own)
    the_order(evidence)["shipments"].append(the_order(evidence)["shipments"][0])


def forget_who_wanted_it_anew(evidence):
    evidence["new_wanted"].append({"number": NUMBER, "back": "RT-1"})
    evidence["sandbox_refunds"].clear()


def keep_the_money_of_a_withdrawal(evidence):
    evidence["withdrawn"].append({"number": NUMBER})


DEFECTS = [
    (ask_for_a_return_that_the_shop_does_not_know, "doubled"),
    (take_back_more_than_was_sent, "invariants"),
    (settle_a_unit_twice, "double_refunds"),
    (keep_the_money_of_a_withdrawal, "invariants"),
    (send_it_anew_twice, "doubled"),
    (let_a_supplier_send_it_anew_as_well, "doubled"),
    (forget_who_wanted_it_anew, "lost"),
    (lose_the_supplier_order, "lost"),
    (forget_an_acknowledged_order, "lost"),
    (forget_a_paid_order, "lost"),
    (take_money_for_an_expired_order, "lost"),
    (order_twice_under_one_reference, "doubled"),
    (order_again_under_another_reference, "doubled"),
    (order_at_two_suppliers, "doubled"),
    (refund_twice, "double_refunds"),
    (refund_more_than_was_taken, "double_refunds"),
    (refund_what_nobody_asked_for, "double_refunds"),
    (refund_less_than_promised, "invariants"),
    (forward_an_unpaid_order, "invariants"),
    (send_the_goods_to_somebody_else, "invariants"),
    (disagree_about_counters, "invariants"),
    (disagree_about_a_parcel, "invariants"),
    (capture_another_amount, "invariants"),
    (note_a_payment_nobody_took, "invariants"),
    (show_an_error_page, "invariants"),
    (be_unavailable_with_the_database_there, "invariants"),
    (let_a_customer_wait, "invariants"),
    (find_something_unexplained, "invariants"),
    (come_back_before_the_supplier_said, "invariants"),
    (tell_the_log_who_a_customer_is, "invariants"),
    (lose_a_worker, "invariants"),
    (never_come_to_rest, "invariants"),
    (lose_the_confirmation, "mails_missing"),
    (lose_a_parcel_mail, "mails_missing"),
    (confirm_twice, "mails_extra"),
    (send_a_second_copy_without_a_cause, "mails_extra"),
    (write_to_a_stranger, "mails_extra"),
    (ask_a_supplier_twice, "mails_extra"),
    (confirm_a_return_twice, "mails_extra"),
    (confirm_an_unpaid_order, "mails_extra"),
]
