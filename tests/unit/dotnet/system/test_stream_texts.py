# ruff: noqa: E501 - the rows of a table keep their line
"""Streams read and written as XML and by hashes and signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

BYTES = "new MemoryStream(new byte[] {{ {} }})".format
TEXT = 'new MemoryStream(Encoding.UTF8.GetBytes("{}"))'.format
HASH = 'Convert.ToBase64String(SHA256.Create().ComputeHash(Encoding.UTF8.GetBytes("abc")))'
STREAMS = {
    "var ms = new MemoryStream(); ms.WriteByte(7); return ms.Capacity * 1000 + ms.GetBuffer().Length + ms.GetBuffer()[0];": 256263,
    "return new MemoryStream(new byte[1]).GetBuffer();": "System.UnauthorizedAccessException: MemoryStream's internal buffer cannot be accessed.",
    f"var ms = {TEXT('xabc')}; ms.ReadByte(); return Convert.ToBase64String(SHA256.Create().ComputeHash(ms)) == {HASH} && ms.Position == 4;": True,
    "return new HMACSHA256(new byte[1]).ComputeHash((Stream)null);": "System.NullReferenceException: Object reference not set to an instance of an object.",
    f'var rsa = RSA.Create(2048); var h = HashAlgorithmName.SHA256; var p = RSASignaturePadding.Pkcs1; var s = rsa.SignData({TEXT("abc")}, h, p); return rsa.VerifyData(Encoding.ASCII.GetBytes("abc"), s, h, p) && rsa.VerifyData({TEXT("abc")}, s, h, p) && !rsa.VerifyData({TEXT("abd")}, s, h, p);': True,
}
XML = {
    f"return XDocument.Load({TEXT('<a>é</a>')}).Root.Value + XElement.Load({TEXT('<b/>')}).Name;": "éb",
    f"return XElement.Load({TEXT('<a> <b/> </a>')}, LoadOptions.PreserveWhitespace).ToString(SaveOptions.DisableFormatting);": "<a> <b /> </a>",
    "return XElement.Load(new MemoryStream(Encoding.GetEncoding(28591).GetBytes(\"<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>\"))).Value;": "é",
    'return XElement.Load(new MemoryStream(Encoding.Unicode.GetBytes("<a>é</a>"))).Value;': "é",
    f"return XElement.Load({BYTES('0xFE, 0xFF, 0, 60, 0, 97, 0, 47, 0, 62')}).Name.LocalName;": "a",
    f"return XElement.Load({BYTES('60, 97, 62, 0xE9, 60, 47, 97, 62')}).Name;": "System.Xml.XmlException: Invalid character in the given encoding. Line 1, position 4.",
    "return XElement.Load(new MemoryStream(Encoding.ASCII.GetBytes(\"<?xml version='1.0' encoding='koi8-r'?><a/>\")));": "System.Xml.XmlException: System does not support 'koi8-r' encoding. Line 1, position 31.",
    "return XElement.Load(new MemoryStream(Encoding.ASCII.GetBytes(\"<?xml version='1.0' encoding='utf-16'?><a/>\")));": "System.Xml.XmlException: There is no Unicode byte order mark. Cannot switch to Unicode. Line 1, position 31.",
    "return XElement.Load((Stream)null);": "System.ArgumentNullException: Value cannot be null. (Parameter 'input')",
    'var ms = new MemoryStream(); XDocument.Parse("<a><b>é</b></a>").Save(ms); return Encoding.UTF8.GetString(ms.ToArray());': '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<a>\n  <b>é</b>\n</a>',
    "var ms = new MemoryStream(); XDocument.Parse(\"<?xml version='1.0' encoding='us-ascii' standalone='yes'?><a b='é'>€\\uD83D\\uDE00</a>\").Save(ms); return Encoding.ASCII.GetString(ms.ToArray());": '<?xml version="1.0" encoding="us-ascii" standalone="yes"?>\n<a b="&#xE9;">&#x20AC;&#x1F600;</a>',
    "var ms = new MemoryStream(); XDocument.Parse(\"<?xml version='1.0' encoding='utf-16'?><a/>\").Save(ms); return ms.ToArray()[0] + ms.Length;": 347,
    "var ms = new MemoryStream(); XDocument.Parse(\"<?xml version='1.0' encoding='us-ascii'?><é/>\").Save(ms); return 1;": "NotSimulatedError",
    'var ms = new MemoryStream(); ms.WriteByte(65); XElement.Parse("<a/>").Save(ms); return Encoding.UTF8.GetString(ms.ToArray());': 'A<?xml version="1.0" encoding="utf-8"?>\n<a />',
    f"var r = System.Xml.XmlReader.Create({TEXT('<a>1</a>')}); r.Read(); return r.Name;": "a",
}
ENCODINGS = {
    "return Encoding.ASCII.GetString(new byte[] { 200 }) + Encoding.UTF8.GetString(new byte[] { 200 });": "?\ufffd",
}


@pytest.mark.parametrize(("code", "expected"), [*STREAMS.items(), *XML.items(), *ENCODINGS.items()])
def test_value(code: str, expected: object, answer_of: Callable[[str], object]) -> None:
    assert answer_of(code) == expected
