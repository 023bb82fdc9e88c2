"""A must-analysis over effective policies: the callers that reach the backend, and the credentials used.

The analysis runs no request. The walk (`walk`) passes once over the policies of each operation with the weakest sets of
facts (`states`) that a request has proven on a path.
"""
