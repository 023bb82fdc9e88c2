"""`System.Security.Cryptography`, and its `X509Certificates`."""
