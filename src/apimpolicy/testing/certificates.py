"""Certificates for test files, by name: those that every file has, and those that it declares.

Every file has, from the authority `test-ca`: `partner` and `other-partner`, valid; `expired`
(until 2025-12-31), `early` (from 2027-01-01), `revoked`; and `self-signed`, and `stranger`,
from the authority `other-ca`. Further ones:

    certificates:
      orders-app: {subject: "CN=orders, O=Contoso", issued-by: test-ca}
      late: {not-after: 2026-05-31}
      homemade: {self-signed: true}
      gone: {revoked: true}
      legacy: {file: legacy.pfx, password: secret}
      signer: {key: rsa}                                   # for tokens; elliptic curves are faster
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from apimpolicy.project.authority import CERTIFICATE_FILE, HERE, Author, may_name
from apimpolicy.testing.format import CERTIFICATE
from apimpolicy.testing.tree import UNKNOWN_NAME, Tree

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.testing.authority import TestAuthority

STANDARD: dict[str, dict[str, Any]] = {
    "partner": {},
    "other-partner": {},
    "expired": {"not-after": "2025-12-31"},
    "early": {"not-before": "2027-01-01"},
    "revoked": {"revoked": True},
    "self-signed": {"self-signed": True},
    "stranger": {"issued-by": "other-ca"},
}
AUTHORITIES = ("test-ca", "other-ca")


class TestCertificates:
    """The certificates of one test file; each is made at its first use."""

    __test__ = False

    def __init__(self, asked: dict[str, Tree] | None = None, author: Author = HERE) -> None:
        self._asked = asked or {}
        self._author = author
        self._authorities: dict[str, TestAuthority] = {}
        self._made: dict[str, Certificate] = {}
        self._lists: dict[str, bytes] = {}

    def authority(self, name: str) -> TestAuthority:
        """Return the authority of that name, made at its first use."""
        from apimpolicy.testing.authority import TestAuthority

        if name not in self._authorities:
            self._authorities[name] = TestAuthority(f"CN={name}")
        return self._authorities[name]

    def names(self) -> list[str]:
        """Return the names that a file may use."""
        return [*self._known_authorities(), *STANDARD, *self._asked]

    def _known_authorities(self) -> list[str]:
        others = (tree.table()["issued-by"].text() for tree in self._asked.values() if "issued-by" in tree.table())
        return list(dict.fromkeys((*AUTHORITIES, *others)))

    def get(self, name: str, place: Tree | None = None) -> Certificate:
        """Return a certificate by name, or from a file. Raises TestFileError."""
        if name in self._made:
            return self._made[name]
        if name in self._asked:
            made = self._from_tree(name, self._asked[name])
        elif name in STANDARD:
            made = self._make(name, STANDARD[name])
        elif name in self._known_authorities():
            made = self.authority(name).certificate
        else:
            made = self._from_file(name, None, place)
        self._made[name] = made
        return made

    def revocation_lists(self) -> list[bytes]:
        """Return the lists of the authorities, with everything on them that is to be revoked; each made once."""
        if not self._lists:
            for name in (*STANDARD, *self._asked):
                options = self._asked[name].plain() if name in self._asked else STANDARD[name]
                if isinstance(options, dict) and options.get("revoked"):
                    self.get(name)
        for name, authority in self._authorities.items():
            if name not in self._lists:
                self._lists[name] = authority.crl()
        return list(self._lists.values())

    def _from_tree(self, name: str, tree: Tree) -> Certificate:
        options = {key: value.plain() for key, value in tree.known(CERTIFICATE).items()}
        if "file" in options:
            return self._from_file(str(options["file"]), options.get("password"), tree)
        return self._make(name, options)

    def _make(self, name: str, options: dict[str, Any]) -> Certificate:
        from apimpolicy.testing.authority import NOT_AFTER, NOT_BEFORE, self_signed

        subject = str(options.get("subject", name))
        dates = {
            "not_before": _date(options.get("not-before", NOT_BEFORE)),
            "not_after": _date(options.get("not-after", NOT_AFTER)),
        }
        if options.get("self-signed"):
            return self_signed(subject, **dates)
        authority = self.authority(str(options.get("issued-by", "test-ca")))
        made = authority.client(
            subject,
            dns_names=options.get("dns-names", ()),
            serial_number=options.get("serial-number"),
            rsa=options.get("key") == "rsa",
            **dates,
        )
        if options.get("revoked"):
            authority.revoke(made)
        return made

    def _from_file(self, name: str, password: str | None, place: Tree | None) -> Certificate:
        from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
        from apimpolicy.errors import ConfigurationError

        path = os.path.join(self._author.folder, name)
        if place is not None and not os.path.exists(path):
            known = ", ".join(self.names())
            raise place.mistake(
                UNKNOWN_NAME, f"there is no certificate '{name}', and no such file", help=f"The names are {known}."
            )
        try:
            return Certificate.from_file(may_name(self._author, name, CERTIFICATE_FILE), password)
        except ConfigurationError as error:
            if place is None:
                raise
            raise place.mistake(UNKNOWN_NAME, str(error)) from None


def _date(value: Any) -> Any:
    import datetime

    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    return value
