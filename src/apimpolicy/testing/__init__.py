"""Floor 6: what tests of policies are written with; so far a certificate authority of one's own."""
