"""Newtonsoft.Json 12: the tree of tokens, its reader and writer, JSONPath and serialisation."""
