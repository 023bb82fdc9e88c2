"""One module per rule; `checks/catalogue.py` lists them with their codes."""
