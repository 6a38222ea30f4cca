"""Our books against Stripe's: every capture, refund and dispute there has its row here, and the other way round.

A run is a list of parts (``parts.py``), each read page by page in bounded memory (``runs.py``). What does not match
is first told to the inbox, as if its webhook had come; what still does not match is a finding (``findings.py``): a
row, and one piece of work for a person. A finding that a later run no longer makes is explained, and closes.
"""
