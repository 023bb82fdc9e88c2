"""Who reaches the backend, with whose credentials: a must-analysis over effective policies.

The analysis runs no request. The walk (`walk`) passes once over the policies of each operation with the weakest sets of
facts (`facts`, `states`) that a request has proven on a path.
"""
