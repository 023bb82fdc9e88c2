"""Floor 4: everything that can be said about a policy document before it runs."""
