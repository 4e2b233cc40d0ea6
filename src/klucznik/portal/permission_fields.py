"""What somebody typed into a form of permissions: read, checked, and kept to be shown again.

A fault stands beside the field it belongs to, and names the value and what to do. Rules: permissions.md
section 3 (lengths, what describes whom).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from klucznik.client import permissions
from klucznik.portal.permission_kinds import Text
from klucznik.portal.visit import Visit
from klucznik.wire import ids
from klucznik.wire.permissions import EuEntityPermissionSubjectDetails, PersonPermissionSubjectDetails

_FINGERPRINT: Final = re.compile(r"[0-9A-F]{64}")
_PEPPOL: Final = re.compile(ids.PEPPOL_ID_PATTERN, re.ASCII)
_VAT_UE: Final = re.compile(ids.VAT_UE_PATTERN, re.ASCII)
#: What people write into numbers, and KSeF does not.
_ORNAMENTS: Final = re.compile(r"[\s:.\-]")
_SHOWN: Final = 40

#: What a right value of each type looks like.
_LOOKS: Final[dict[str, Text]] = {
    "Nip": (
        "a NIP has 10 digits, the first of them no zero",
        "NIP ma 10 cyfr, pierwsza jest różna od zera",
        "eine NIP hat 10 Ziffern, die erste ist keine Null",
    ),
    "Pesel": (
        "a PESEL has 11 digits and begins with a birth date",
        "PESEL ma 11 cyfr i zaczyna się od daty urodzenia",
        "eine PESEL hat 11 Ziffern und beginnt mit dem Geburtsdatum",
    ),
    "Fingerprint": (
        "a fingerprint is the SHA-256 of a certificate, 64 characters 0-9 and A-F",
        "odcisk palca to SHA-256 certyfikatu, 64 znaki 0-9 i A-F",
        "ein Fingerabdruck ist die SHA-256 eines Zertifikats, 64 Zeichen 0-9 und A-F",
    ),
    "InternalId": (
        "a unit is the NIP, a hyphen, four digits and a check digit",
        "identyfikator wewnętrzny to NIP, łącznik, cztery cyfry i cyfra kontrolna",
        "eine Einheit ist die NIP, ein Bindestrich, vier Ziffern und eine Prüfziffer",
    ),
    "PeppolId": (
        "a Peppol ID is P, two letters and six digits, such as PPL123456",
        "identyfikator Peppol to P, dwie litery i sześć cyfr, np. PPL123456",
        "eine Peppol-ID ist P, zwei Buchstaben und sechs Ziffern, etwa PPL123456",
    ),
    "VatUe": (
        "a VAT number of the EU begins with the country, such as DE123456789",
        "numer VAT UE zaczyna się od kraju, np. DE123456789",
        "eine USt-IdNr. beginnt mit dem Land, etwa DE123456789",
    ),
}


def tidied(kind: str, value: str) -> str:
    """An identifier as KSeF writes it: without what people put in to read it better."""
    if kind == "InternalId":
        return re.sub(r"\s", "", value)
    return _ORNAMENTS.sub("", value).upper()


def fits(kind: str, value: str) -> bool:
    """Whether a tidied value is one of its type, as far as KSeF looks: at its pattern."""
    match kind:
        case "Nip":
            return ids.is_nip(value, checksum=False)
        case "Pesel":
            return ids.is_pesel(value, checksum=False)
        case "InternalId":
            return ids.is_internal_id(value, checksum=False)
        case "Fingerprint":
            return _FINGERPRINT.fullmatch(value) is not None
        case "PeppolId":
            return _PEPPOL.fullmatch(value) is not None
        case "VatUe":
            return _VAT_UE.fullmatch(value) is not None
    raise ValueError(kind)


def looks(visit: Visit, kind: str, value: str) -> str:
    """The fault of a value that does not fit."""
    t = visit.t
    how = t(*_LOOKS[kind])
    if not value:
        return t(f"Type it: {how}.", f"Uzupełnij to pole: {how}.", f"Füllen Sie dies aus: {how}.")
    shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
    return t(
        f"“{shown}” does not fit: {how}. Compare it with the document and correct it.",
        f"„{shown}” nie pasuje: {how}. Porównaj z dokumentem i popraw.",
        f"„{shown}“ passt nicht: {how}. Vergleichen Sie mit dem Dokument und korrigieren Sie es.",
    )


#: How the summary of faults calls the fields, in the order of the forms.
LABELS: Final[dict[str, Text]] = {
    "target": ("Client", "Klient", "Kunde"),
    "client": ("Client", "Klient", "Kunde"),
    "unit_type": ("Unit", "Jednostka", "Einheit"),
    "unit": ("Unit", "Jednostka", "Einheit"),
    "unit_name": ("Name of the unit", "Nazwa jednostki", "Name der Einheit"),
    "vat_ue": ("VAT number in the EU", "Numer VAT UE", "USt-IdNr."),
    "eu_name": ("Name of the EU entity", "Nazwa podmiotu unijnego", "Name des EU-Unternehmens"),
    "eu_address": ("Its address", "Jego adres", "Seine Anschrift"),
    "who_type": ("Known by", "Identyfikator", "Bekannt durch"),
    "who": ("To whom", "Komu", "Wem"),
    "holder": ("Holder of the certificate", "Posiadacz certyfikatu", "Inhaber des Zertifikats"),
    "holder_type": ("Number of the holder", "Numer posiadacza", "Nummer des Inhabers"),
    "holder_number": ("Number of the holder", "Numer posiadacza", "Nummer des Inhabers"),
    "born": ("Birth date", "Data urodzenia", "Geburtsdatum"),
    "document": ("Kind of document", "Rodzaj dokumentu", "Art des Ausweises"),
    "document_number": ("Number of the document", "Numer dokumentu", "Ausweisnummer"),
    "country": ("Country", "Kraj", "Land"),
    "company": ("Name of the company", "Nazwa firmy", "Name des Unternehmens"),
    "company_address": ("Address of the company", "Adres firmy", "Anschrift des Unternehmens"),
    "first": ("First name", "Imię", "Vorname"),
    "last": ("Surname", "Nazwisko", "Nachname"),
    "permission": ("Permissions", "Uprawnienia", "Berechtigungen"),
    "permission_InvoiceWrite": ("Permissions", "Uprawnienia", "Berechtigungen"),
    "description": ("Description", "Opis uprawnienia", "Beschreibung"),
}


@dataclass
class Sheet:
    """A form as it was sent, and the faults found so far, by field."""

    visit: Visit
    faults: dict[str, str] = field(default_factory=dict)
    #: NIP and PESEL among what was typed.
    numbers: list[str] = field(default_factory=list)

    def value(self, name: str) -> str:
        """What was typed."""
        return self.visit.field(name)

    def ticked(self, name: str) -> list[str]:
        """What was ticked."""
        return self.visit.fields(name)

    def fault(self, name: str, text: str) -> None:
        """The first fault of a field is the one shown."""
        self.faults.setdefault(name, text)

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        """Field, its name, what is wrong with it; in the order of the form."""
        return [
            (name, self.visit.t(*label), self.faults[name])
            for name, label in LABELS.items()
            if name in self.faults
        ]

    def text(self, name: str, least: int, most: int) -> str:
        """A text of some length."""
        value, t = self.value(name), self.visit.t
        if not value:
            self.fault(
                name,
                t(
                    f"Fill this in, with {least} to {most} characters.",
                    f"Uzupełnij to pole: od {least} do {most} znaków.",
                    f"Füllen Sie dies aus, mit {least} bis {most} Zeichen.",
                ),
            )
        elif not least <= len(value) <= most:
            self.fault(
                name,
                t(
                    f"This has {len(value)} characters; KSeF wants {least} to {most}. "
                    + ("Write more." if len(value) < least else "Shorten it."),
                    f"Znaków: {len(value)}; KSeF wymaga od {least} do {most}. "
                    + ("Dopisz więcej." if len(value) < least else "Skróć."),
                    f"Zeichen: {len(value)}; KSeF verlangt {least} bis {most}. "
                    + ("Schreiben Sie mehr." if len(value) < least else "Kürzen Sie es."),
                ),
            )
        elif not value.isprintable():
            self.fault(
                name,
                t(
                    "There is a character in it that cannot be printed; type the text anew.",
                    "W tekście jest znak, którego nie da się wydrukować; wpisz go od nowa.",
                    "Darin ist ein nicht druckbares Zeichen; geben Sie den Text neu ein.",
                ),
            )
        return value

    def number(self, name: str, kind: str) -> str:
        """An identifier of a type, tidied."""
        value = tidied(kind, self.value(name))
        if not fits(kind, value):
            self.fault(name, looks(self.visit, kind, self.value(name)))
        elif kind in ("Nip", "Pesel"):
            self.numbers.append(value)
        return value

    def one(self, name: str, of: tuple[str, ...]) -> str:
        """One of several choices."""
        value = self.value(name)
        if value not in of:
            self.fault(name, self.visit.t("Choose one.", "Wybierz jedno.", "Wählen Sie eins."))
        return value

    def some(self, name: str, of: tuple[str, ...]) -> list[str]:
        """At least one of several choices."""
        found = [value for value in self.ticked(name) if value in of]
        if not found:
            self.fault(
                name, self.visit.t("Tick at least one.", "Zaznacz co najmniej jedno.", "Kreuzen Sie eins an.")
            )
        return found

    def day(self, name: str) -> date:
        """A day, `1980-01-31`."""
        value, t = self.value(name), self.visit.t
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fault(
                name,
                t(
                    f"“{value[:_SHOWN]}” is no day; write year, month, day: 1980-01-31.",
                    f"„{value[:_SHOWN]}” to nie data; wpisz rok, miesiąc, dzień: 1980-01-31.",
                    f"„{value[:_SHOWN]}“ ist kein Tag; schreiben Sie Jahr, Monat, Tag: 1980-01-31.",
                ),
            )
            return date.min


def identifier(sheet: Sheet, known_by: tuple[str, ...]) -> tuple[str, str]:
    """Whom: type and value."""
    kind = known_by[0] if len(known_by) == 1 else sheet.one("who_type", known_by)
    return kind, sheet.number("who", kind) if kind in known_by else ""


def person(sheet: Sheet, kind: str) -> PersonPermissionSubjectDetails | None:
    """Who stands behind an identifier of this type; None where there are faults."""
    first, last = sheet.text("first", 2, 30), sheet.text("last", 2, 81)
    if kind != "Fingerprint":
        return None if sheet.faults else permissions.person(first, last)
    if sheet.one("holder", ("number", "document")) == "number":
        of = sheet.one("holder_type", ("Pesel", "Nip"))
        number = sheet.number("holder_number", of) if of in ("Pesel", "Nip") else ""
        return None if sheet.faults else permissions.holder(first, last, (of, number))
    born = sheet.day("born")
    document, number = sheet.text("document", 1, 20), sheet.text("document_number", 1, 20)
    country = sheet.text("country", 2, 2).upper()
    if not (country.isascii() and country.isalpha()):
        sheet.fault(
            "country",
            sheet.visit.t("Two letters, such as DE.", "Dwie litery, np. DE.", "Zwei Buchstaben, etwa DE."),
        )
    return None if sheet.faults else permissions.foreigner(first, last, born, document, number, country)


def person_or_company(
    sheet: Sheet,
) -> PersonPermissionSubjectDetails | EuEntityPermissionSubjectDetails | None:
    """Who stands behind a fingerprint in the matters of EU entities."""
    if sheet.value("holder") != "company":
        return person(sheet, "Fingerprint")
    name, address = sheet.text("company", 2, 100), sheet.text("company_address", 3, 512)
    return None if sheet.faults else permissions.entity(name, address)
