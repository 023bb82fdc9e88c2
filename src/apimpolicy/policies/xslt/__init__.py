"""XSLT 1.0 for xsl-transform: `stylesheets` refuses what is not simulated, `transformation` runs the rest in a process
of its own, `process` is what runs there.
"""
