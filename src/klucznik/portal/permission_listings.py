"""The lists of permissions: what each shows, to whom, and how it is filtered.

Rules: permissions.md sections 2 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from klucznik.portal.permission_kinds import AUTHORIZATIONS, Text
from klucznik.portal.words import BY_WIRE


@dataclass(frozen=True)
class Listing:
    """A list: its words, who may see it in which contexts, by what it is filtered, how to revoke."""

    name: str
    title: Text
    what: Text
    contexts: tuple[str, ...]
    needs: tuple[str, ...]  # any of them; none is everybody
    parties: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    by_state: bool = False
    revoke: str = ""  # common, authorization; "" where it is not ours to take back


_READERS: Final = ("CredentialsManage", "CredentialsRead")
_WITH_UNITS: Final = (*_READERS, "SubunitManage")
_COMMON: Final = tuple(BY_WIRE)
_PERSONS: Final = ("Pesel", "Nip", "Fingerprint")
_EU: Final = ("VatUeManage", "InvoiceWrite", "InvoiceRead", "Introspection")

LISTINGS: Final = {
    listing.name: listing
    for listing in (
        Listing(
            "persons",
            ("Who may work here", "Kto może tu pracować", "Wer hier arbeiten darf"),
            (
                "Persons and companies with permissions in this context, and employees to whom this company "
                "passed on what its clients gave it. The owner is not listed: ownership is no grant.",
                "Osoby i firmy z uprawnieniami w tym kontekście oraz pracownicy, którym przekazano "
                "uprawnienia od klientów. Właściciela NIP nie ma na liście: jego praw nikt nie nadawał.",
                "Personen und Unternehmen mit Berechtigungen in diesem Kontext sowie Mitarbeiter, denen "
                "Berechtigungen von Kunden weitergegeben wurden. Der Inhaber der NIP steht nicht hier: "
                "seine Rechte hat niemand erteilt.",
            ),
            ("Nip", "InternalId"),
            _WITH_UNITS,
            _PERSONS,
            _COMMON,
            True,
            "common",
        ),
        Listing(
            "granted",
            ("Granted by me", "Nadane przeze mnie", "Von mir erteilt"),
            (
                "What you yourself granted from this context, units and clients included.",
                "To, co z tego kontekstu nadano Twoim podpisem, także w jednostkach i u klientów.",
                "Was Sie selbst aus diesem Kontext erteilt haben, auch in Einheiten und bei Kunden.",
            ),
            ("Nip", "InternalId"),
            _WITH_UNITS,
            _PERSONS,
            _COMMON,
            True,
            "common",
        ),
        Listing(
            "own",
            ("Mine", "Moje uprawnienia", "Meine"),
            (
                "What you hold in this context, and through whom.",
                "Twoje uprawnienia w tym kontekście i przez kogo je masz.",
                "Was Sie in diesem Kontext dürfen, und durch wen.",
            ),
            ("Nip", "InternalId", "NipVatUe", "PeppolId"),
            (),
            ("Nip", "InternalId"),
            (*_COMMON, "VatUeManage"),
            True,
        ),
        Listing(
            "received",
            ("Received from others", "Otrzymane od innych podmiotów", "Von anderen erhalten"),
            (
                "Companies that let this one issue or view their invoices.",
                "Firmy, które pozwoliły tej firmie wystawiać lub przeglądać swoje faktury.",
                "Unternehmen, für die dieses Rechnungen ausstellen oder ansehen darf.",
            ),
            ("Nip", "InternalId"),
            _READERS,
            ("Nip", "InternalId"),
        ),
        Listing(
            "authorizations",
            ("Authorizations given", "Uprawnienia podmiotowe nadane", "Erteilte Ermächtigungen"),
            (
                "Companies that may act for this one from their own context.",
                "Firmy, które mogą działać za tę firmę z własnego kontekstu.",
                "Unternehmen, die für dieses aus ihrem eigenen Kontext handeln dürfen.",
            ),
            ("Nip",),
            _READERS,
            ("Nip", "PeppolId"),
            tuple(AUTHORIZATIONS),
            revoke="authorization",
        ),
        Listing(
            "authorized-by",
            ("Authorizations received", "Uprawnienia podmiotowe otrzymane", "Erhaltene Ermächtigungen"),
            (
                "Companies for which this one may act from its own context.",
                "Firmy, za które ta firma może działać z własnego kontekstu.",
                "Unternehmen, für die dieses aus dem eigenen Kontext handeln darf.",
            ),
            ("Nip", "PeppolId"),
            (*_READERS, "PefInvoiceWrite"),
            ("Nip",),
            tuple(AUTHORIZATIONS),
        ),
        Listing(
            "units",
            ("Subordinate units", "Jednostki podrzędne", "Untereinheiten"),
            (
                "Administrators of units and members, appointed from here. What they granted inside their "
                "unit is seen there.",
                "Administratorzy jednostek i członków, wyznaczeni stąd. To, co sami nadali, widać w "
                "jednostce.",
                "Verwalter von Einheiten und Mitgliedern, von hier ernannt. Was sie in ihrer Einheit "
                "erteilt haben, sieht man dort.",
            ),
            ("Nip",),
            _WITH_UNITS,
            ("InternalId", "Nip"),
            revoke="common",
        ),
        Listing(
            "eu",
            ("EU entities", "Podmioty unijne", "EU-Unternehmen"),
            (
                "Administrators and representatives of companies from other EU countries.",
                "Administratorzy i przedstawiciele firm z innych krajów UE.",
                "Verwalter und Vertreter von Unternehmen aus anderen EU-Ländern.",
            ),
            ("Nip", "NipVatUe"),
            (*_READERS, "VatUeManage"),
            ("VatUe", "Fingerprint"),
            _EU,
            revoke="common",
        ),
    )
}
