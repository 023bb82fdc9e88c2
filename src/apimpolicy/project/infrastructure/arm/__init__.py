"""ARM templates: JSON with positions, the expressions in its strings, and the resources of a deployment."""
