"""Run a simulated supplier: a separate process that implements docs/supplier-contract.yaml in full."""
