"""Words of the portal in Polish, English and German, and the terms of the field (portal.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["pl", "en", "de"]
LANGUAGES: Final[dict[Language, str]] = {"pl": "Polski", "en": "English", "de": "Deutsch"}


class Speaker:
    """`t("Log in", "Zaloguj się", "Anmelden")` in one language; what templates and pages call."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, en: str, pl: str, de: str) -> str:
        if self.language == "pl":
            return pl
        return de if self.language == "de" else en

    @property
    def of_library(self) -> str:
        """The language of texts that come from elsewhere in Klucznik, which has no German."""
        return "pl" if self.language == "pl" else "en"


def chosen(kept: str, accepts: str) -> Language:
    """The language of a visitor: the one chosen before, else the browser's first of ours, else Polish."""
    for known in LANGUAGES:
        if kept == known:
            return known
    for part in accepts.split(","):
        wanted = part.strip()[:2].lower()
        for known in LANGUAGES:
            if wanted == known:
                return known
    return "pl"


@dataclass(frozen=True)
class Permission:
    """One permission: its name, what a token with it can do, and what it cannot; each en, pl, de."""

    wire: str
    name: tuple[str, str, str]
    can: tuple[str, str, str]
    cannot: tuple[str, str, str]


PERMISSIONS: Final = (
    Permission(
        "InvoiceWrite",
        ("issue invoices", "wystawianie faktur", "Rechnungen ausstellen"),
        (
            "sends invoices in this context, online and in packages, and reads what became of them",
            "wysyła faktury w tym kontekście, pojedynczo i w paczkach, i odczytuje ich los",
            "sendet Rechnungen in diesem Kontext, einzeln und in Paketen, und liest, was aus ihnen wurde",
        ),
        (
            "does not read the invoices of others",
            "nie odczytuje faktur innych",
            "liest keine Rechnungen anderer",
        ),
    ),
    Permission(
        "InvoiceRead",
        ("view invoices", "przeglądanie faktur", "Rechnungen ansehen"),
        (
            "finds, downloads and exports invoices, those bought and those sold",
            "wyszukuje, pobiera i eksportuje faktury, zakupowe i sprzedażowe",
            "findet, lädt und exportiert Rechnungen, eingehende und ausgehende",
        ),
        ("sends nothing", "niczego nie wysyła", "sendet nichts"),
    ),
    Permission(
        "Introspection",
        (
            "session history and UPO",
            "przeglądanie historii sesji i generowanie UPO",
            "Sitzungsverlauf und UPO",
        ),
        (
            "sees the sessions of all users of this context and their UPO",
            "widzi sesje wszystkich użytkowników tego kontekstu i ich UPO",
            "sieht die Sitzungen aller Nutzer dieses Kontexts und ihre UPO",
        ),
        (
            "sends and reads no invoices",
            "nie wysyła i nie odczytuje faktur",
            "sendet und liest keine Rechnungen",
        ),
    ),
    Permission(
        "CredentialsRead",
        ("view permissions", "przeglądanie uprawnień", "Berechtigungen ansehen"),
        (
            "sees who holds which permission, and the tokens of others",
            "widzi, kto ma jakie uprawnienia, oraz tokeny innych",
            "sieht, wer welche Berechtigung hat, und die Token anderer",
        ),
        ("grants and revokes nothing", "niczego nie nadaje ani nie odbiera", "erteilt und entzieht nichts"),
    ),
    Permission(
        "CredentialsManage",
        ("manage permissions", "zarządzanie uprawnieniami", "Berechtigungen verwalten"),
        (
            "grants and revokes permissions of anybody in this context",
            "nadaje i odbiera uprawnienia każdemu w tym kontekście",
            "erteilt und entzieht jedem in diesem Kontext Berechtigungen",
        ),
        (
            "an ERP does not need it: whoever has this token can let others in",
            "system ERP go nie potrzebuje: kto ma taki token, może wpuścić innych",
            "ein ERP braucht das nicht: wer diesen Token hat, kann andere hereinlassen",
        ),
    ),
    Permission(
        "SubunitManage",
        ("manage subunits", "zarządzanie jednostkami podrzędnymi", "Untereinheiten verwalten"),
        (
            "names administrators of subunits",
            "wyznacza administratorów jednostek podrzędnych",
            "ernennt Verwalter von Untereinheiten",
        ),
        (
            "reads no invoices of the units",
            "nie odczytuje faktur jednostek",
            "liest keine Rechnungen der Einheiten",
        ),
    ),
    Permission(
        "EnforcementOperations",
        ("enforcement operations", "wykonywanie operacji egzekucyjnych", "Vollstreckungshandlungen"),
        (
            "for bailiffs and enforcement authorities only",
            "tylko dla komorników i organów egzekucyjnych",
            "nur für Gerichtsvollzieher und Vollstreckungsbehörden",
        ),
        ("of no use to others", "dla innych bezużyteczne", "für andere ohne Nutzen"),
    ),
    Permission(
        "CollectiveIdentifierManage",
        (
            "collective identifiers",
            "zarządzanie identyfikatorami zbiorczymi",
            "Sammelkennungen",
        ),
        (
            "makes identifiers for paying several invoices at once",
            "tworzy identyfikatory do zapłaty za kilka faktur naraz",
            "erzeugt Kennungen, um mehrere Rechnungen zugleich zu bezahlen",
        ),
        ("sends no invoices", "nie wysyła faktur", "sendet keine Rechnungen"),
    ),
)
BY_WIRE: Final = {permission.wire: permission for permission in PERMISSIONS}


def permission_name(speaker: Speaker, wire: str) -> str:
    """How a person calls a permission; the wire's name where we know none."""
    known = BY_WIRE.get(wire)
    return speaker(*known.name) if known else wire


#: How people call the kinds of contexts; NIP-VAT UE is the composed identifier of an EU entity.
CONTEXTS: Final[dict[str, tuple[str, str, str]]] = {
    "Nip": ("NIP", "NIP", "NIP"),
    "InternalId": ("internal identifier", "identyfikator wewnętrzny", "interne Kennung"),
    "NipVatUe": ("NIP-VAT UE identifier", "identyfikator złożony NIP-VAT UE", "Kennung NIP-VAT UE"),
    "PeppolId": ("Peppol identifier", "identyfikator Peppol", "Peppol-Kennung"),
}


def context_name(speaker: Speaker, kind: str) -> str:
    """How a person calls a kind of context; the wire's name where we know none."""
    known = CONTEXTS.get(kind)
    return speaker(*known) if known else kind
