"""Business actions, one subject a module."""
