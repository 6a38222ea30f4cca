"""Goods that come back: what may be asked for, what is decided by whom, every step, and the money of it."""
