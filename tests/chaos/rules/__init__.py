"""What must be true of other people's ledgers, one module per kind of ledger; imports nothing of the shop."""
