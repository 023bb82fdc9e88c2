"""Regular languages over UTF-16 code units: what a .NET string may be, decided by derivatives.

units       sets of code units            numbers     texts that parse as numbers of at most a bound
language    languages and derivatives     operations  operations on texts, with exact preimages
emptiness   the shortest common word      patterns    .NET regular expressions as languages
"""
