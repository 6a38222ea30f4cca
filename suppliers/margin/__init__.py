"""What the shop earns: per line, order, supplier, product and month (docs/adr/0020)."""
