"""A payment sandbox: a small, strict stand-in for the part of Stripe's API that the shop uses.

It runs as a process of its own (``python -m demo.payments``), keeps a durable ledger and
imports nothing from the shop.
"""
