"""The same in Python, and what the SOAP service is sent."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy import Apim

ANSWER = (Path(__file__).parent / "customer.xml.answer").read_bytes()
NAMES = {"soap": "http://schemas.xmlsoap.org/soap/envelope/", "c": "http://contoso.example/"}


def test_the_request_is_a_soap_envelope(apim: Apim) -> None:
    apim.backend.answer(200, headers={"Content-Type": "text/xml"}, body=ANSWER)
    result = apim.run("customers.xml", "/customers?id=17")
    assert result.json() == {"id": 17, "name": "Anna Ågren"}
    (sent,) = apim.backend.requests
    identifier = ElementTree.fromstring(sent.text).find("soap:Body/c:GetCustomer/c:Id", NAMES)
    assert identifier is not None
    assert identifier.text == "17"
