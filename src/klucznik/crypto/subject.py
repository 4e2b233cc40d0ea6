"""Who a certificate belongs to, as KSeF reads it. Rules: xades.md section 5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

from klucznik.lang import both

INVALID_CERTIFICATE = 21115
SUBJECT_CONFLICT = 21406

# Asked of the whole attribute, not of its beginning. ASCII digits alone: Python's \d also takes
# Arabic-Indic ones. A run of digits that is too long is not an identifier either.
_PESEL = re.compile(r"(?:PNOPL|PESEL).*?(?<!\d)(\d{11})(?!\d)", re.ASCII)
_NIP = re.compile(r"(?:TINPL|NIP).*?(?<!\d)(\d{10})(?!\d)", re.ASCII)
_SEAL_NIP = re.compile(r"VATPL.*?(?<!\d)(\d{10})(?!\d)", re.ASCII)
_PEPPOL_ID = re.compile(r"P[A-Z]{2}\d{6}", re.ASCII)


class BadSubject(ValueError):
    """The subject names nobody KSeF knows. `code` is KSeF's (21115, 21406), `why` in both languages."""

    def __init__(self, code: int, en: str, pl: str) -> None:
        super().__init__(en)
        self.code = code
        self.why = both(en, pl)


@dataclass(frozen=True)
class Subject:
    """The owner of a certificate. `type` and `value` identify them; both empty if nothing does."""

    kind: Literal["person", "seal", "peppol"]
    type: Literal["Pesel", "Nip", "PeppolId"] | None
    value: str
    given_name: str | None
    surname: str | None
    serial_number: str | None
    common_name: str | None
    country_name: str | None
    organization_name: str | None
    organization_identifier: str | None


def read_subject(certificate: x509.Certificate, *, need_identifier: bool = True) -> Subject:
    """The owner of the certificate; raises BadSubject.

    `need_identifier=False` is for `certificateFingerprint` logins: a foreign number is then fine.
    """
    try:
        name = certificate.subject
    except ValueError:
        raise BadSubject(
            INVALID_CERTIFICATE,
            "the certificate's subject cannot be read",
            "nie da się odczytać podmiotu certyfikatu",
        ) from None
    # U+0000 in a name hides what follows it from some readers, and databases do not keep it.
    if any("\0" in str(attribute.value) for attribute in name):
        raise BadSubject(
            INVALID_CERTIFICATE,
            "the certificate's subject has the character U+0000 in it",
            "podmiot certyfikatu zawiera znak U+0000",
        )
    given_name = _joined(name, NameOID.GIVEN_NAME)
    surname = _joined(name, NameOID.SURNAME)
    serial_number = _joined(name, NameOID.SERIAL_NUMBER)
    common_name = _joined(name, NameOID.COMMON_NAME)
    country = _joined(name, NameOID.COUNTRY_NAME)
    organization = _joined(name, NameOID.ORGANIZATION_NAME)
    organization_identifier = _joined(name, NameOID.ORGANIZATION_IDENTIFIER)

    kind: Literal["person", "seal", "peppol"]
    type_: Literal["Pesel", "Nip", "PeppolId"] | None
    # (1) A complete person is a person, whatever firm stands beside (employees' certificates).
    if given_name and surname and serial_number:
        kind = "person"
        _demand(CN=common_name, C=country)
        type_, value = _of_person(serial_number)
    # (2) An organisation's number makes a seal, and a seal names no person.
    elif organization_identifier:
        if given_name or surname:
            raise BadSubject(
                INVALID_CERTIFICATE,
                "a seal (organizationIdentifier) must not name a person",
                "pieczęć (organizationIdentifier) nie może wymieniać osoby",
            )
        if _PEPPOL_ID.fullmatch(organization_identifier):
            kind, type_, value = "peppol", "PeppolId", organization_identifier
            _demand(O=organization, CN=common_name)
            if common_name != organization_identifier:
                raise BadSubject(
                    INVALID_CERTIFICATE,
                    "a Peppol seal has its PeppolId as CN as well",
                    "pieczęć Peppol ma swój PeppolId także jako CN",
                )
        else:
            kind = "seal"
            _demand(O=organization, CN=common_name, C=country)
            type_, value = _of_seal(organization_identifier)
    # (3) Anything else lacks what either needs.
    else:
        present = _present(givenName=given_name, surname=surname, serialNumber=serial_number)
        raise BadSubject(
            INVALID_CERTIFICATE,
            f"of a person's givenName, surname and serialNumber the subject has: {present}; all three are "
            "needed; an organisation needs organizationIdentifier",
            f"z givenName, surname i serialNumber osoby podmiot ma: {present}; potrzebne są wszystkie trzy; "
            "organizacja potrzebuje organizationIdentifier",
        )

    if type_ is None and need_identifier:
        attribute = "serialNumber" if kind == "person" else "organizationIdentifier"
        found = serial_number if kind == "person" else organization_identifier
        wanted = "PNOPL-###########, TINPL-##########" if kind == "person" else "VATPL-##########"
        raise BadSubject(
            SUBJECT_CONFLICT,
            f"{attribute} looks like {_shape(found)!r}; expected: {wanted}",
            f"{attribute} wygląda jak {_shape(found)!r}; oczekiwano: {wanted}",
        )
    return Subject(
        kind, type_, value, given_name, surname, serial_number, common_name, country, organization,
        organization_identifier,
    )  # fmt: skip


def _of_person(serial_number: str) -> tuple[Literal["Pesel", "Nip"] | None, str]:
    pesel, nip = _PESEL.search(serial_number), _NIP.search(serial_number)
    if pesel and nip:
        raise BadSubject(
            INVALID_CERTIFICATE,
            "serialNumber holds a PESEL and a NIP: whose is it?",
            "serialNumber zawiera PESEL i NIP: czyj to certyfikat?",
        )
    if pesel:
        return "Pesel", pesel[1]
    return ("Nip", nip[1]) if nip else (None, "")


def _of_seal(organization_identifier: str) -> tuple[Literal["Nip"] | None, str]:
    nip = _SEAL_NIP.search(organization_identifier)
    return ("Nip", nip[1]) if nip else (None, "")


def _demand(**attributes: str | None) -> None:
    if missing := [name for name, value in attributes.items() if not value]:
        names = ", ".join(missing)
        raise BadSubject(
            INVALID_CERTIFICATE, f"the subject lacks {names}", f"w podmiocie certyfikatu brakuje: {names}"
        )


def _present(**attributes: str | None) -> str:
    """Which of a person's attributes are there; what they say belongs into no log."""
    return ", ".join(name for name, value in attributes.items() if value) or "–"


def _shape(text: str | None) -> str:
    """A number's form without the number: `PNOPL-###########`."""
    return re.sub(r"\d", "#", text or "")[:64]


def _joined(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    """The attribute's text; some issuers write one RDN per given name."""
    values = [a.value for a in name.get_attributes_for_oid(oid)]
    return " ".join(v for v in values if isinstance(v, str)) or None
