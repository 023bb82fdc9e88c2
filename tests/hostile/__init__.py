"""Checkouts of strangers, made in temporary folders, and every command run on them under an audit hook."""
