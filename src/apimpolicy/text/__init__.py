"""Floor 0: policy documents as text: sources with positions, the scanner for expressions, the lossless reader."""
