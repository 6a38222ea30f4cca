"""Help pages of customers, the desk of agents, and files."""
