"""System.Security.Cryptography, and its X509Certificates.

identifiers          Oid, HashAlgorithmName, AsnEncodedData
hashing              MD5, SHA1 … SHA512, HMACs
symmetric            AES, 3DES: SymmetricAlgorithm and its transforms
rsa                  RSA keys; rsa_paddings, rsa_parameters what they are used with and made of
random_numbers       RNGCryptoServiceProvider, over the environment's randomness
distinguished_names  X500DistinguishedName: how .NET writes names
certificate          Certificate: X509Certificate2, and what people hand to the simulated gateway
certificate_members  the members that C# sees beyond the properties, RSACertificateExtensions
certificate_data     constructors and Export: from bytes and back
certificate_texts    ToString(true), and extensions as OpenSSL prints them
certificate_files    PEM, DER and PKCS#12
certificate_parts    extensions and public keys
chain                TrustStore: builds and judges chains; revocation
"""
