"""Everything that can be said about a policy document before it runs."""
