"""The exact effects of single policies: a module for each, with a function `transfer`."""
