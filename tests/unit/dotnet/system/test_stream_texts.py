# ruff: noqa: E501 - the rows of a table keep their line
"""Streams read and written as XML and by hashes and signatures; encodings with fallbacks and in pieces."""

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
    'return Encoding.GetEncoding("us-ascii", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback).GetBytes("aé");': "System.Text.EncoderFallbackException: Unable to translate Unicode character \\\\u00E9 at index 1 to specified code page.",
    'return Encoding.GetEncoding(20127, EncoderFallback.ExceptionFallback, DecoderFallback.ReplacementFallback).GetBytes("\\uD83D\\uDE00");': "System.Text.EncoderFallbackException: Unable to translate Unicode character pair \\\\uD83D\\\\uDE00 at index 0 to specified code page.",
    'return Encoding.GetEncoding("utf-8", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback).GetString(new byte[] { 65, 0xE2, 0x82 });': "System.Text.DecoderFallbackException: Unable to translate bytes [E2][82] at index 1 from specified code page to Unicode.",
    'return Encoding.GetEncoding("us-ascii", EncoderFallback.ReplacementFallback, DecoderFallback.ReplacementFallback).GetString(new byte[] { 200 });': "\ufffd",
    "return Encoding.ASCII.GetString(new byte[] { 200 }) + Encoding.UTF8.GetString(new byte[] { 200 });": "?\ufffd",
    'return Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, DecoderFallback.ReplacementFallback).GetBytes("\\uD83D")[0];': 63,
    'try { return Encoding.GetEncoding("us-ascii", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback).GetBytes("é").Length; } catch (ArgumentException e) { return e.GetType().Name; }': "EncoderFallbackException",
    'var e = (Encoding)Encoding.ASCII.Clone(); e.EncoderFallback = EncoderFallback.ExceptionFallback; return e.Equals(Encoding.ASCII) + "" + Encoding.ASCII.EncoderFallback.MaxCharCount;': "False1",
    "Encoding.UTF8.DecoderFallback = DecoderFallback.ExceptionFallback; return 1;": "System.InvalidOperationException: Instance is read-only.",
    'return string.Join(",", Encoding.GetEncodings().Select(e => e.CodePage + e.Name));': "1200utf-16,1201utf-16BE,12000utf-32,12001utf-32BE,20127us-ascii,28591iso-8859-1,65000utf-7,65001utf-8",
    "return Encoding.GetEncodings()[4].GetEncoding().EncodingName;": "US-ASCII",
    "return Encoding.GetEncodings()[6].GetEncoding().GetDecoder();": "NotSimulatedError",
    "var d = Encoding.UTF8.GetDecoder(); var c = new char[4]; int n = d.GetChars(new byte[] { 65, 0xE2, 0x82 }, 0, 3, c, 0); n += d.GetChars(new byte[] { 0xAC }, 0, 1, c, n); return n + new string(c, 0, n);": "2A€",
    "var d = Encoding.UTF8.GetDecoder(); var c = new char[4]; d.GetChars(new byte[] { 0xE2 }, 0, 1, c, 0); return d.GetCharCount(new byte[0], 0, 0, true) + d.GetChars(new byte[] { 66 }, 0, 1, c, 0, true) + c[0];": 65536,
    "var e = Encoding.UTF8.GetEncoder(); var b = new byte[9]; int n = e.GetBytes(new[] { 'a', '\\uD83D' }, 0, 2, b, 0, false); n += e.GetBytes(new[] { '\\uDE00' }, 0, 1, b, n, true); return n + Encoding.UTF8.GetString(b, 0, n);": "5a\ud83d\ude00",
    "int c, b; bool all; var bytes = new byte[4]; Encoding.UTF8.GetEncoder().Convert(new[] { 'a', '€', '€' }, 0, 3, bytes, 0, 4, true, out c, out b, out all); return c + \",\" + b + all;": "2,4False",
    'int c, b; bool all; var chars = new char[2]; Encoding.UTF8.GetDecoder().Convert(new byte[] { 65, 0xC3, 0xA9, 66 }, 0, 4, chars, 0, 2, true, out b, out c, out all); return b + "," + c + all + chars[1];': "3,2Falseé",
    "return Encoding.UTF8.GetEncoder().GetBytes(new[] { '€' }, 0, 1, new byte[2], 0, true);": "System.ArgumentException: The output byte buffer is too small to contain the encoded data. (Parameter 'bytes')",
}


@pytest.mark.parametrize(("code", "expected"), [*STREAMS.items(), *XML.items(), *ENCODINGS.items()])
def test_value(code: str, expected: object, answer_of: Callable[[str], object]) -> None:
    assert answer_of(code) == expected
