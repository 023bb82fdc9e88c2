"""Regular languages over UTF-16 code units: what a .NET string may be, decided by derivatives.

units       sets of code units                    operations  operations on texts, with exact preimages
language    languages, derivatives and the        patterns    .NET regular expressions, whole numbers and
            shortest common word                              their bounds as languages
url_paths   the paths that a URL template
            matches
"""
