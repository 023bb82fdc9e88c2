"""Policy documents as text: sources with positions, the scanner for expressions, the lossless reader."""
