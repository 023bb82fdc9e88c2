"""Files: which are policies, how the simulated gateway is configured, how a request is written down."""
