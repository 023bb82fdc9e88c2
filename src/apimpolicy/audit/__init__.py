"""Who reaches the backend, with whose credentials: a must-analysis over effective policies.

A request is never run here to find that out. The walk (`walk`) goes once over the policies of each operation with the
weakest sets of facts (`facts`, `states`) that a request has proven on a path.
"""
