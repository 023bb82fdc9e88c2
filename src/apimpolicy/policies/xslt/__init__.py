"""XSLT 1.0 for xsl-transform: `transformation` refuses what is not simulated and runs the rest in a process of its own;
`process` is what runs there.
"""
