"""MCP servers: what they are, the schemas of their tools, and what the gateway responds to their clients."""
