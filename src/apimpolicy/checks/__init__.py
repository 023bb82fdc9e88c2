"""Findings about a policy document before it runs."""
