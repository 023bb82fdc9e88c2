"""Hashes, HMACs, symmetric encryption, RSA, random numbers: against answers of .NET Core 3.1."""

from __future__ import annotations

import base64

import pytest

from apimpolicy.csharp.dotnet.cryptography.hashing import HashAlgorithm, new_hmac
from apimpolicy.csharp.dotnet.cryptography.identifiers import HashAlgorithmName, Oid
from apimpolicy.csharp.dotnet.cryptography.rsa import RSA
from apimpolicy.csharp.dotnet.cryptography.rsa_parameters import PKCS1_SIGNATURE, PSS_SIGNATURE, RSAEncryptionPadding
from apimpolicy.csharp.dotnet.cryptography.symmetric import (
    CBC,
    ECB,
    NO_PADDING,
    RandomNumberGenerator,
    create_algorithm,
)
from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    CryptographicException,
    DotnetException,
    InvalidCastException,
    NotSupportedException,
    ObjectDisposedException,
    PlatformNotSupportedException,
)
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.values import byte_array
from apimpolicy.errors import NotSimulatedError

NAMESPACE = "System.Security.Cryptography."


def text(array):
    return base64.b64encode(bytes(array)).decode()


def create(name):
    return bound(NAMESPACE + name, f"static {NAMESPACE}{name} Create()")()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("SHA256", b"abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        ("SHA1", b"abc", base64.b64encode(bytes.fromhex("A9993E364706816ABA3E25717850C26C9CD0D89D")).decode()),
        ("MD5", b"abc", base64.b64encode(bytes.fromhex("900150983cd24fb0d6963f7d28e17f72")).decode()),
        ("SHA384", b"", "OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"),
        ("SHA512", b"", "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="),
    ],
)
def test_hashes(name, data, expected):
    algorithm = create(name)
    assert text(algorithm.compute_hash(byte_array(data))) == expected
    assert text(algorithm.compute_hash(byte_array(data))) == expected, "an algorithm may be used again"
    assert text(algorithm.hash()) == expected
    assert algorithm.hash_size == len(base64.b64decode(expected)) * 8
    assert str(algorithm.dotnet_type) == NAMESPACE + name


@pytest.mark.parametrize(
    ("name", "expected"),
    [("SHA256", "A5BYxvLAy0ksUzsKTRTvd8wPeKvMztUofYShogEc+4E="), ("SHA1", "cDeAcZjCKn0rCAc3HXY3eahP388=")],
)
def test_managed_hashes(name, expected):
    algorithm = bound(f"{NAMESPACE}{name}Managed", "new()")()
    assert text(algorithm.compute_hash(byte_array(b"\1\2\3"))) == expected
    assert str(algorithm.dotnet_type) == f"{NAMESPACE}{name}Managed"


@pytest.mark.parametrize(
    ("name", "key", "data", "expected"),
    [
        ("SHA256", b"key", b"msg", "LZPLwb4We8sWN6SiPL/wGnh48MUO6DOVTqUiG7G4xig="),
        ("SHA384", b"key", b"msg", "O7qV/zg3ahKSJexUMN06/2rHt6zbgppK818z+Mbdu/nYX7MfiyAxbbk67dCKgWz6"),
        (
            "SHA512",
            b"key",
            b"msg",
            "HktVuSXMwo7ZDZ0Y/COT/L4WTA2E5n4XPMWqSGt6/BBmM8Zr3DCQdvX42f27tiRW+JTywjN3+8wS9KspQOttcA==",
        ),
        ("SHA256", b"secret", b"payload", "uC/LeRrOxXhZuYm0MKgmSIzi5Hn9+SMmvQoug3WkK6Q="),
    ],
)
def test_hmacs(name, key, data, expected):
    algorithm = bound(f"{NAMESPACE}HMAC{name}", "new(byte[] key)")(byte_array(key))
    assert text(algorithm.compute_hash(byte_array(data))) == expected
    assert bytes(algorithm.key()) == key


def test_a_long_hmac_key_is_hashed_first():
    algorithm = new_hmac("SHA256", byte_array(bytes(65)))
    assert bytes(algorithm.key()) == bytes(HashAlgorithm("SHA256", "SHA256").compute_hash(byte_array(bytes(65))))


def test_random_hmac_keys_repeat_with_the_seed():
    keys = []
    for _ in range(2):
        with use_environment(Environment(seed=7)):
            keys.append(bytes(bound(NAMESPACE + "HMACSHA512", "new()")().key()))
    assert keys[0] == keys[1]
    assert len(keys[0]) == 128


def test_algorithms_by_name():
    hmac_create = bound(NAMESPACE + "HMAC", f"static {NAMESPACE}HMAC Create(string algorithmName)")
    assert hmac_create("hmacsha256").hash_size == 256
    assert hmac_create("Nope") is None
    with pytest.raises(InvalidCastException, match=r"from|Unable to cast object of type .*SHA256"):
        hmac_create("SHA256")
    hash_create = bound(NAMESPACE + "HashAlgorithm", f"static {NAMESPACE}HashAlgorithm Create(string hashName)")
    assert hash_create("SHA-512").hash_size == 512


def test_hash_arguments():
    algorithm = create("SHA256")
    with pytest.raises(ArgumentNullException) as caught:
        algorithm.compute_hash(None)
    assert caught.value.message == "Value cannot be null. (Parameter 'buffer')"
    with pytest.raises(ArgumentException, match="Value was invalid"):
        algorithm.compute_hash_range(byte_array(b"abc"), 0, 4)
    with pytest.raises(ArgumentException, match="Offset and length were out of bounds"):
        algorithm.compute_hash_range(byte_array(b"abc"), 2, 2)
    algorithm.dispose()
    with pytest.raises(ObjectDisposedException):
        algorithm.compute_hash(byte_array(b""))


def test_hashing_in_blocks():
    algorithm = create("SHA256")
    algorithm.transform_block(byte_array(b"a"), 0, 1, None, 0)
    algorithm.transform_final_block(byte_array(b"bc"), 0, 2)
    assert text(algorithm.hash()) == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="


def transformed(method, data, algorithm, *key_and_iv):
    """The extension methods Encrypt and Decrypt, with an algorithm or its name."""
    kind = "string" if isinstance(algorithm, str) else "System.Security.Cryptography.SymmetricAlgorithm"
    parameters = f"this byte[] input, {kind} alg" + ", byte[] key, byte[] iv" * bool(key_and_iv)
    return bound("ContextExtensions", f"static byte[] {method}({parameters})")(data, algorithm, *key_and_iv)


def test_encrypt_and_decrypt_by_name():
    key, iv = byte_array(bytes(16)), byte_array(bytes(16))
    secret = transformed("Encrypt", byte_array(b"hello"), "AES", key, iv)
    assert bytes(transformed("Decrypt", secret, "Aes", key, iv)) == b"hello"
    assert len(transformed("Decrypt", byte_array(b""), "AES", key, iv)) == 0


def test_encrypt_with_an_algorithm():
    algorithm = create("Aes")
    algorithm.set_key(byte_array(bytes(32)))
    algorithm.set_iv(byte_array(bytes(16)))
    assert text(transformed("Encrypt", byte_array(b"hello"), algorithm)) == "wjXeJNI54DzI43fGBPymew=="


def test_encrypt_in_ecb_without_padding():
    algorithm = create("Aes")
    algorithm.set_mode(ECB)
    algorithm.padding = NO_PADDING
    sixteen = byte_array(bytes(16))
    assert text(transformed("Encrypt", sixteen, algorithm, sixteen, sixteen)) == "ZulL1O+KLDuITPpZyjQrLg=="


@pytest.mark.parametrize(
    ("action", "type_", "message"),
    [
        (lambda key: transformed("Encrypt", byte_array(b"x"), "Nope", key, key), ArgumentException, "alg"),
        (
            lambda key: transformed("Decrypt", byte_array(bytes(16)), "AES", key, key),
            CryptographicException,
            "Padding is invalid and cannot be removed.",
        ),
        (
            lambda key: transformed("Decrypt", byte_array(b"x"), "AES", key, key),
            CryptographicException,
            "The input data is not a complete block.",
        ),
        (
            lambda key: transformed("Encrypt", byte_array(b"x"), "AES", byte_array(b"short"), key),
            ArgumentException,
            "Specified key is not a valid size for this algorithm. (Parameter 'rgbKey')",
        ),
        (
            lambda key: transformed("Encrypt", byte_array(b"x"), "AES", key, byte_array(b"short")),
            ArgumentException,
            "Specified initialization vector (IV) does not match the block size for this algorithm."
            " (Parameter 'rgbIV')",
        ),
        (
            lambda key: transformed("Encrypt", byte_array(b"x"), "AES", key, None),
            CryptographicException,
            "The cipher mode specified requires that an initialization vector (IV) be used.",
        ),
        (
            lambda key: create_algorithm("AES").set_key(byte_array(b"1")),
            CryptographicException,
            "Specified key is not a valid size for this algorithm.",
        ),
        (
            lambda key: create_algorithm("AES").set_mode(4),
            CryptographicException,
            "Specified cipher mode is not valid for this algorithm.",
        ),
    ],
)
def test_encryption_errors(action, type_, message):
    with pytest.raises(DotnetException) as caught:
        action(byte_array(bytes(16)))
    assert type(caught.value) is type_
    assert caught.value.message == message


@pytest.mark.parametrize("padding", [2, 4, 5])
@pytest.mark.parametrize("name", ["AES", "3DES", "DES", "Rijndael"])
@pytest.mark.parametrize("length", [0, 1, 7, 8, 15, 16, 17])
def test_every_padding_comes_off_again(name, padding, length):
    algorithm = create_algorithm(name)
    algorithm.padding = padding
    assert algorithm.mode() == CBC
    data = bytes(range(length))
    secret = algorithm.create_encryptor().apply(data)
    assert algorithm.create_decryptor().apply(secret) == data


def test_rc2_fails_by_name():
    with pytest.raises(NotSimulatedError, match="RC2"):
        create_algorithm("RC2")


@pytest.mark.parametrize("padding", [PKCS1_SIGNATURE, PSS_SIGNATURE])
def test_rsa_signatures(padding):
    key, data, name = RSA.create(), byte_array(b"data"), HashAlgorithmName("SHA256")
    signature = key.sign_data(data, name, padding)
    assert key.verify_data(data, signature, name, padding)
    assert not key.verify_data(byte_array(b"other"), signature, name, padding)
    digest = create("SHA256").compute_hash(data)
    assert key.verify_hash(digest, key.sign_hash(digest, name, padding), name, padding)
    with pytest.raises(CryptographicException, match="is not a known hash algorithm"):
        key.sign_data(data, HashAlgorithmName("NOPE"), padding)
    public_only = RSA(key.public_key)
    with pytest.raises(CryptographicException, match="only the public half"):
        public_only.sign_data(data, name, padding)


def test_rsa_keys_as_xml():
    key, data, name = RSA.create_with_size(1024), byte_array(b"data"), HashAlgorithmName("SHA256")
    signature = key.sign_data(data, name, PKCS1_SIGNATURE)
    public, private = RSA(), RSA()
    public.from_xml_string(key.to_xml_string(False))
    private.from_xml_string(key.to_xml_string(True))
    assert (public.key_size, private.key_size) == (1024, 1024)
    assert public.verify_data(data, signature, name, PKCS1_SIGNATURE)
    assert bytes(private.sign_data(data, name, PKCS1_SIGNATURE)) == bytes(signature)
    for broken in ("", "<RSAKeyValue/>", "<Modulus>!</Modulus>", "<Modulus>AA==</Modulus><Exponent>AA==</Exponent>"):
        with pytest.raises(CryptographicException, match=r"valid encoding|Value was invalid"):
            public.from_xml_string(broken)


def test_rsa_encryption():
    key = RSA.create()
    kind = NAMESPACE + "RSAEncryptionPadding"
    for name in ("Pkcs1", "OaepSHA1", "OaepSHA256"):
        padding = bound(kind, f"static {kind} {name} {{ get; }}")()
        assert padding.to_string() == name
        assert bytes(key.decrypt(key.encrypt(byte_array(b"secret"), padding), padding)) == b"secret"


def test_random_numbers_come_from_the_environment():
    found = []
    for _ in range(2):
        with use_environment(Environment(seed=1)):
            data = byte_array(bytes(8))
            RandomNumberGenerator().get_bytes(data)
            found.append(bytes(data))
    assert found[0] == found[1] != bytes(8)
    data = byte_array(bytes(64))
    RandomNumberGenerator().get_non_zero_bytes(data)
    assert 0 not in data


def test_identifiers():
    assert Oid("1.2.840.113549.1.1.11").friendly_name == "sha256RSA"
    assert Oid.parse("sha256RSA").value == "1.2.840.113549.1.1.11"
    assert HashAlgorithmName("SHA256") == HashAlgorithmName("SHA256")
    assert HashAlgorithmName("SHA256").to_string() == "SHA256"


def _raises(exception, message, function, *arguments):
    with pytest.raises(exception) as caught:
        function(*arguments)
    assert caught.value.message == message


@pytest.mark.parametrize("name", ["HashAlgorithm", "HMAC", "KeyedHashAlgorithm", "AsymmetricAlgorithm"])
def test_no_algorithm_is_chosen_automatically(name):
    _raises(
        PlatformNotSupportedException,
        "This platform does not allow the automatic selection of an algorithm.",
        lambda: create(name),
    )


def test_hashes_as_transforms():
    algorithm = create("SHA256")
    get = {name: bound(NAMESPACE + "HashAlgorithm", f"{name} {{ get; }}") for name in TRANSFORM_PROPERTIES}
    assert {name: function(algorithm) for name, function in get.items()} == TRANSFORM_PROPERTIES


TRANSFORM_PROPERTIES = {
    "int InputBlockSize": 1,
    "int OutputBlockSize": 1,
    "bool CanTransformMultipleBlocks": True,
    "bool CanReuseTransform": True,
}


def test_object_identifiers_by_name_and_value():
    assert Oid.from_friendly_name("SHA256", 1).value == "2.16.840.1.101.3.4.2.1"
    assert Oid.from_value("2.5.4.3", 0).friendly_name == "CN"
    made = Oid.of("1.2.3", "mine")
    copied = Oid.copy(made)
    assert (copied.value, copied.friendly_name) == ("1.2.3", "mine")
    _raises(CryptographicException, "No OID value matches this name.", Oid.from_friendly_name, "nobody", 0)
    _raises(CryptographicException, "The OID value is invalid.", Oid.from_value, "1.2.3", 0)
    _raises(ArgumentNullException, "Value cannot be null. (Parameter 'oid')", Oid.copy, None)
    _raises(ArgumentNullException, "Value cannot be null. (Parameter 'friendlyName')", Oid.from_friendly_name, None, 0)
    _raises(ArgumentNullException, "Value cannot be null. (Parameter 'oidValue')", Oid.from_value, None, 0)


def test_rsa_parameters_make_the_same_key():
    key = RSA.create_with_size(1024)
    exported = key.export_parameters(True)
    assert [len(part) for part in (exported.modulus, exported.d, exported.p, exported.dq)] == [128, 128, 64, 64]
    assert list(exported.exponent) == [1, 0, 1]
    assert RSA.create_from(exported).to_xml_string(True) == key.to_xml_string(True)
    public = key.export_parameters(False)
    assert public.d is None
    _raises(
        CryptographicException,
        "Object contains only the public half of a key pair. A private key must also be provided.",
        RSA.create_from(public).export_parameters,
        True,
    )
    public.exponent = None
    _raises(CryptographicException, "Value was invalid.", RSA.create_from, public)


def test_rsa_key_sizes():
    (sizes,) = bound(NAMESPACE + "AsymmetricAlgorithm", f"{NAMESPACE}KeySizes[] LegalKeySizes {{ get; }}")(RSA())
    assert (sizes.minimum, sizes.maximum, sizes.step) == (512, 16384, 8)
    key = RSA()
    _raises(CryptographicException, "Specified key is not a valid size for this algorithm.", key.set_key_size, 1023)
    key.set_key_size(1024)
    assert (key.key_size, key.public_key.key_size) == (1024, 1024)
    with pytest.raises(NotSimulatedError):
        _ = RSA.create_with_size(8192).public_key


def test_rsa_by_name():
    by_name = bound(NAMESPACE + "RSA", f"static {NAMESPACE}RSA Create(string algName)")
    assert by_name("RSA").key_size == 1024
    assert by_name("nobody") is None
    _raises(ArgumentNullException, "Value cannot be null. (Parameter 'name')", by_name, None)
    _raises(NotSupportedException, "Method not supported.", RSA().raw_operation, byte_array(b""))


def test_rsa_signs_parts_of_arrays():
    key, name, data = RSA.create_with_size(1024), HashAlgorithmName("SHA256"), byte_array(b"abcd")
    assert bytes(key.sign_range(data, 1, 2, name, PKCS1_SIGNATURE)) == bytes(
        key.sign_data(byte_array(b"bc"), name, PKCS1_SIGNATURE)
    )
    for offset, count, parameter in ((-1, 1, "offset"), (5, 0, "offset"), (0, -1, "count"), (3, 2, "count")):
        _raises(
            ArgumentOutOfRangeException,
            f"Specified argument was out of the range of valid values. (Parameter '{parameter}')",
            key.sign_range, data, offset, count, name, PKCS1_SIGNATURE,
        )  # fmt: skip


def test_paddings_hash_as_they_compare():
    assert RSAEncryptionPadding(1, HashAlgorithmName("SHA1")).get_hash_code() == (
        RSAEncryptionPadding.create_oaep(HashAlgorithmName("SHA1")).get_hash_code()
    )
    assert (PKCS1_SIGNATURE.get_hash_code(), PSS_SIGNATURE.get_hash_code()) == (0, 1)
    assert HashAlgorithmName(None).get_hash_code() == 0
    _raises(
        ArgumentException,
        "The hash algorithm name cannot be null or empty. (Parameter 'hashAlgorithm')",
        RSAEncryptionPadding.create_oaep,
        HashAlgorithmName(""),
    )


@pytest.mark.parametrize(
    ("offset", "count", "exception"),
    [(-1, 1, ArgumentOutOfRangeException), (0, -1, ArgumentOutOfRangeException), (2, 2, ArgumentException)],
)
def test_random_bytes_into_parts_that_are_not_there(offset, count, exception):
    with pytest.raises(exception):
        RandomNumberGenerator().get_bytes_range(byte_array(bytes(3)), offset, count)
