"""A service as it is written down: one description for all forms, what is missing in it, and the gateway it makes."""
