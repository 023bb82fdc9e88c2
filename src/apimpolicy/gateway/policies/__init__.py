"""The policies: one module each, with its specification, its page and its behaviour. `registry` knows all names."""
