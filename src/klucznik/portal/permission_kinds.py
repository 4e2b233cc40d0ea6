"""The kinds of permissions that are granted here: what each is for, and who may grant it where.

Rules: portal.md, "Uprawnienia"; permissions.md sections 2 to 6 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from klucznik.portal.words import BY_WIRE

#: A text in English, Polish and German.
Text = tuple[str, str, str]


@dataclass(frozen=True)
class Kind:
    """A kind of grant: its texts, the types of contexts it is granted in, what the grantor needs."""

    name: str
    title: Text
    what: Text  # who can do what afterwards
    contexts: tuple[str, ...]
    needs: str
    permissions: tuple[str, ...] = ()
    #: How the permitted one may be known.
    known_by: tuple[str, ...] = ()
    #: The list in which what was granted is found.
    listed: str = "persons"


_OF_INVOICES: Final = ("InvoiceWrite", "InvoiceRead", "CollectiveIdentifierManage")
_PERSON: Final = ("Pesel", "Nip", "Fingerprint")

KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            "person",
            (
                "To a person, for work in KSeF",
                "Osobie fizycznej do pracy w KSeF",
                "Einer Person für die Arbeit in KSeF",
            ),
            (
                "The person logs in with their own signature, chooses this context and does there what you "
                "tick, nothing else. They cannot pass it on, unless you let them manage permissions.",
                "Osoba loguje się własnym podpisem, wybiera ten kontekst i robi w nim to, co zaznaczysz, "
                "nic więcej. Nie przekaże tego dalej, chyba że pozwolisz jej zarządzać uprawnieniami.",
                "Die Person meldet sich mit eigener Signatur an, wählt diesen Kontext und tut dort, was Sie "
                "ankreuzen, sonst nichts. Weitergeben kann sie es nur, wenn sie Berechtigungen verwaltet.",
            ),
            ("Nip", "InternalId"),
            "CredentialsManage",
            tuple(BY_WIRE),
            _PERSON,
        ),
        Kind(
            "entity",
            (
                "To an entity, to issue and view invoices",
                "Podmiotowi do wystawiania i przeglądania faktur",
                "Einem Unternehmen zum Ausstellen und Ansehen von Rechnungen",
            ),
            (
                "Another company, such as an accounting office, works in your context: your invoices, under "
                "your NIP. With the right to pass it on it lets its own staff work for you; you will not see "
                "whom it chose.",
                "Inna firma, np. biuro rachunkowe, pracuje w Twoim kontekście: Twoje faktury, pod Twoim NIP. "
                "Z prawem do dalszego przekazywania dopuszcza do pracy własnych ludzi; nie zobaczysz, kogo "
                "wybrała.",
                "Ein anderes Unternehmen, etwa ein Buchhaltungsbüro, arbeitet in Ihrem Kontext: Ihre "
                "Rechnungen, unter Ihrer NIP. Mit dem Recht zur Weitergabe lässt es die eigenen Leute für "
                "Sie arbeiten; wen es wählt, sehen Sie nicht.",
            ),
            ("Nip", "InternalId"),
            "CredentialsManage",
            _OF_INVOICES,
            ("Nip",),
        ),
        Kind(
            "authorization",
            (
                "To an entity, to act for you in its own name (authorization)",
                "Uprawnienie podmiotowe: samofakturowanie, przedstawiciel podatkowy, RR, PEF",
                "Einem Unternehmen zum Handeln im eigenen Kontext (Ermächtigung)",
            ),
            (
                "The other company stays in its own context and issues invoices there in which you are a "
                "party. It sees none of your other invoices, and cannot pass this on.",
                "Druga firma zostaje we własnym kontekście i wystawia w nim faktury, których jesteś stroną. "
                "Nie widzi innych Twoich faktur i nie przekaże tego dalej.",
                "Das andere Unternehmen bleibt in seinem eigenen Kontext und stellt dort Rechnungen aus, an "
                "denen Sie beteiligt sind. Ihre übrigen Rechnungen sieht es nicht; weitergeben kann es dies "
                "nicht.",
            ),
            ("Nip",),
            "CredentialsManage",
            ("SelfInvoicing", "TaxRepresentative", "RRInvoicing", "PefInvoicing"),
            ("Nip", "PeppolId"),
            "authorizations",
        ),
        Kind(
            "indirect",
            (
                "To a person, for work for a client or for all clients",
                "Osobie do pracy na rzecz klienta lub wszystkich klientów (pośrednio)",
                "Einer Person für die Arbeit für einen Kunden oder alle Kunden (indirekt)",
            ),
            (
                "You are the accounting office: your employee logs in to the client's context. They can do "
                "only what that client gave you with the right to pass it on; when the client takes it "
                "back, it ends for the employee too.",
                "Jesteś biurem rachunkowym: Twój pracownik loguje się do kontekstu klienta. Może tylko to, "
                "co klient dał Tobie z prawem do dalszego przekazywania; gdy klient to odbierze, traci to "
                "także pracownik.",
                "Sie sind das Buchhaltungsbüro: Ihr Mitarbeiter meldet sich im Kontext des Kunden an. Er "
                "kann nur, was der Kunde Ihnen mit dem Recht zur Weitergabe gab; nimmt der Kunde es zurück, "
                "endet es auch für den Mitarbeiter.",
            ),
            ("Nip",),
            "CredentialsManage",
            _OF_INVOICES,
            _PERSON,
        ),
        Kind(
            "subunit",
            (
                "Administrator of a subordinate unit",
                "Administrator jednostki podrzędnej",
                "Verwalter einer Untereinheit",
            ),
            (
                "The person manages permissions inside the unit, and there only. They see no invoices until "
                "they let somebody (perhaps themselves) view them. The first administrator brings the unit "
                "into being; your own login has no rights in it.",
                "Osoba zarządza uprawnieniami w jednostce i tylko w niej. Faktur nie widzi, dopóki nie nada "
                "komuś (choćby sobie) prawa ich przeglądania. Jednostka powstaje z pierwszym "
                "administratorem; Ty nie masz w niej uprawnień.",
                "Die Person verwaltet die Berechtigungen in der Einheit, und nur dort. Rechnungen sieht sie "
                "erst, wenn sie jemandem (etwa sich selbst) das Recht dazu gibt. Mit dem ersten Verwalter "
                "entsteht die Einheit; Sie selbst haben darin keine Rechte.",
            ),
            ("Nip",),
            "SubunitManage",
            (),
            _PERSON,
            "units",
        ),
        Kind(
            "eu-admin",
            (
                "Administrator of an EU entity",
                "Administrator podmiotu unijnego",
                "Verwalter eines EU-Unternehmens",
            ),
            (
                "For a company from another EU country that invoices on your behalf. Its administrator, "
                "known by the fingerprint of a certificate, issues and views invoices in the context "
                "NIP-VAT UE, sees its sessions and appoints representatives.",
                "Dla firmy z innego kraju UE, która wystawia faktury w Twoim imieniu. Jej administrator, "
                "znany z odcisku palca certyfikatu, wystawia i przegląda faktury w kontekście złożonym "
                "NIP-VAT UE, widzi jego sesje i wyznacza przedstawicieli.",
                "Für ein Unternehmen aus einem anderen EU-Land, das in Ihrem Namen Rechnungen ausstellt. "
                "Sein Verwalter, bekannt durch den Fingerabdruck eines Zertifikats, stellt im Kontext "
                "NIP-VAT UE Rechnungen aus und sieht sie ein, sieht die Sitzungen und ernennt Vertreter.",
            ),
            ("Nip",),
            "CredentialsManage",
            (),
            ("Fingerprint",),
            "eu",
        ),
        Kind(
            "eu",
            (
                "Representative of this EU entity",
                "Przedstawiciel tego podmiotu unijnego",
                "Vertreter dieses EU-Unternehmens",
            ),
            (
                "Somebody known by the fingerprint of a certificate issues or views invoices in this context "
                "NIP-VAT UE. They appoint nobody.",
                "Osoba lub firma znana z odcisku palca certyfikatu wystawia lub przegląda faktury w tym "
                "kontekście złożonym NIP-VAT UE. Nikogo nie wyznacza.",
                "Wer durch den Fingerabdruck eines Zertifikats bekannt ist, stellt in diesem Kontext "
                "NIP-VAT UE Rechnungen aus oder sieht sie ein. Weitere Personen ernennt er nicht.",
            ),
            ("NipVatUe",),
            "VatUeManage",
            ("InvoiceWrite", "InvoiceRead"),
            ("Fingerprint",),
            "eu",
        ),
    )
}

#: Name, and what it lets the other company do.
AUTHORIZATIONS: Final[dict[str, tuple[Text, Text]]] = {
    "SelfInvoicing": (
        ("self-invoicing", "samofakturowanie", "Gutschriftverfahren (Selbstfakturierung)"),
        (
            "Your buyer issues invoices in which you are the seller.",
            "Nabywca wystawia faktury, w których Ty jesteś sprzedawcą.",
            "Ihr Käufer stellt Rechnungen aus, in denen Sie der Verkäufer sind.",
        ),
    ),
    "TaxRepresentative": (
        ("tax representative", "przedstawiciel podatkowy", "Steuervertreter"),
        (
            "Your tax representative issues invoices for you.",
            "Twój przedstawiciel podatkowy wystawia faktury za Ciebie.",
            "Ihr Steuervertreter stellt Rechnungen für Sie aus.",
        ),
    ),
    "RRInvoicing": (
        ("VAT RR invoices", "wystawianie faktur VAT RR", "VAT-RR-Rechnungen"),
        (
            "The buyer of your farm products issues VAT RR invoices for you, a flat-rate farmer.",
            "Nabywca Twoich produktów rolnych wystawia faktury VAT RR za Ciebie, rolnika ryczałtowego.",
            "Der Käufer Ihrer Agrarprodukte stellt VAT-RR-Rechnungen für Sie als Pauschallandwirt aus.",
        ),
    ),
    "PefInvoicing": (
        (
            "PEF invoices (Peppol provider)",
            "wystawianie faktur PEF (dostawca Peppol)",
            "PEF (Peppol-Anbieter)",
        ),
        (
            "A provider of Peppol services, known by its Peppol ID, sends your PEF invoices.",
            "Dostawca usług Peppol, znany z identyfikatora Peppol, wysyła Twoje faktury PEF.",
            "Ein Peppol-Anbieter, bekannt durch seine Peppol-ID, sendet Ihre PEF-Rechnungen.",
        ),
    ),
}

#: What a person with the permission cannot do, where the words about tokens would not fit.
CANNOT: Final[dict[str, Text]] = {
    "CredentialsManage": (
        "sees no invoices by this alone, but can grant that to anybody, themselves included",
        "samo nie daje wglądu w faktury, ale taka osoba może go nadać każdemu, także sobie",
        "sieht damit allein keine Rechnungen, kann das aber jedem erteilen, auch sich selbst",
    ),
}
VAT_UE_MANAGE: Final[Text] = (
    "manage the EU entity",
    "zarządzanie podmiotem unijnym",
    "EU-Unternehmen verwalten",
)
