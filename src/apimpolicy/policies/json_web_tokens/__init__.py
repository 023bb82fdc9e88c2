"""JSON Web Tokens as the gateway validates them: where one is found, keys, signatures, encryption, and what it claims.

Algorithms and formats are those of RFC 7515 (JWS), 7516 (JWE), 7517 (JWK), 7518 (JWA) and 7519 (JWT).
"""
