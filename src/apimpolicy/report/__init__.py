"""Findings, results and decisions as people and programs read them; no decision is made here."""
