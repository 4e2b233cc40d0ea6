"""Words of invoices and sessions: roles, kinds of dates and documents, and what a status means."""

from __future__ import annotations

from typing import Final

from klucznik.portal.words import Speaker

#: A text in English, Polish, German.
Words = tuple[str, str, str]

ROLES: Final[dict[str, Words]] = {
    "Subject1": ("seller", "sprzedawca", "Verkäufer"),
    "Subject2": ("buyer", "nabywca", "Käufer"),
    "Subject3": ("third party", "podmiot trzeci", "Dritter"),
    "SubjectAuthorized": ("authorized party", "podmiot upoważniony", "Bevollmächtigter"),
}

DATES: Final[dict[str, Words]] = {
    "Invoicing": ("taken by KSeF", "data przyjęcia w KSeF", "Annahme in KSeF"),
    "Issue": ("issue date", "data wystawienia", "Ausstellungsdatum"),
    "PermanentStorage": ("permanent storage", "data trwałego zapisu", "dauerhafte Speicherung"),
}

KINDS: Final[dict[str, Words]] = {
    "Vat": ("VAT invoice", "faktura podstawowa", "Rechnung"),
    "Zal": ("advance invoice", "faktura zaliczkowa", "Vorauszahlungsrechnung"),
    "Kor": ("correction", "faktura korygująca", "Korrekturrechnung"),
    "Roz": ("settlement", "faktura rozliczeniowa", "Schlussrechnung"),
    "Upr": ("simplified invoice", "faktura uproszczona", "vereinfachte Rechnung"),
    "KorZal": ("correction of an advance", "korekta zaliczkowej", "Korrektur einer Vorauszahlung"),
    "KorRoz": ("correction of a settlement", "korekta rozliczeniowej", "Korrektur einer Schlussrechnung"),
    "VatPef": ("PEF invoice", "faktura PEF", "PEF-Rechnung"),
    "VatPefSp": ("specialised PEF invoice", "faktura PEF specjalizowana", "spezielle PEF-Rechnung"),
    "KorPef": ("PEF correction", "korekta PEF", "PEF-Korrektur"),
    "VatRr": ("VAT RR invoice", "faktura VAT RR", "VAT-RR-Rechnung"),
    "KorVatRr": ("VAT RR correction", "korekta VAT RR", "VAT-RR-Korrektur"),
}

SESSION_KINDS: Final[dict[str, Words]] = {
    "Online": ("interactive", "interaktywna", "interaktiv"),
    "Batch": ("batch", "wsadowa", "Stapel"),
}

SESSION_GROUPS: Final[dict[str, Words]] = {
    "InProgress": ("in progress", "w toku", "in Bearbeitung"),
    "Succeeded": ("processed", "przetworzone", "verarbeitet"),
    "Failed": ("failed", "nieudane", "fehlgeschlagen"),
    "Cancelled": ("cancelled", "anulowane", "abgebrochen"),
}

#: What the status of an invoice means to a person. Rule: invoice-verification.md section 2.
_INVOICE: Final[dict[int, Words]] = {
    100: (
        "KSeF has the invoice and will look at it in a moment.",
        "KSeF ma fakturę i za chwilę ją sprawdzi.",
        "KSeF hat die Rechnung und prüft sie gleich.",
    ),
    150: (
        "KSeF is looking at the invoice.",
        "KSeF sprawdza fakturę.",
        "KSeF prüft die Rechnung.",
    ),
    200: (
        "The invoice is in KSeF and has its number: it is issued.",
        "Faktura jest w KSeF i ma numer: została wystawiona.",
        "Die Rechnung ist in KSeF und hat ihre Nummer: Sie ist ausgestellt.",
    ),
    405: (
        "The whole session failed; this invoice can be sent again in another.",
        "Nie udała się cała sesja; tę fakturę można wysłać ponownie w innej.",
        "Die ganze Sitzung ist gescheitert; diese Rechnung kann in einer anderen neu gesendet werden.",
    ),
    410: (
        "The context or the person was not allowed to issue this invoice.",
        "Kontekst albo osoba nie mają uprawnienia do wystawienia tej faktury.",
        "Der Kontext oder die Person durfte diese Rechnung nicht ausstellen.",
    ),
    415: (
        "An invoice with an attachment has to be sent in a batch session.",
        "Fakturę z załącznikiem trzeba wysłać w sesji wsadowej.",
        "Eine Rechnung mit Anlage muss in einer Stapelsitzung gesendet werden.",
    ),
    430: (
        "The file is not as announced, or larger than KSeF takes.",
        "Plik nie jest taki, jak zapowiedziano, albo jest za duży.",
        "Die Datei ist nicht wie angekündigt oder zu groß.",
    ),
    435: (
        "KSeF could not decrypt the file.",
        "KSeF nie mógł odszyfrować pliku.",
        "KSeF konnte die Datei nicht entschlüsseln.",
    ),
    440: (
        "The seller has already issued an invoice of this kind and number.",
        "Sprzedawca wystawił już fakturę tego rodzaju i o tym numerze.",
        "Der Verkäufer hat bereits eine Rechnung dieser Art und Nummer ausgestellt.",
    ),
    450: (
        "The document does not fit its schema, or a date or number in it is wrong. It was not issued: "
        "mend it and send it again.",
        "Dokument nie jest zgodny ze schematem albo data lub numer są błędne. Faktura nie została "
        "wystawiona: popraw ją i wyślij ponownie.",
        "Das Dokument passt nicht zum Schema, oder ein Datum oder eine Nummer ist falsch. Es wurde nicht "
        "ausgestellt: Korrigieren Sie es und senden Sie es erneut.",
    ),
    500: (
        "KSeF failed; send the invoice again.",
        "Błąd po stronie KSeF; wyślij fakturę ponownie.",
        "KSeF ist gescheitert; senden Sie die Rechnung erneut.",
    ),
    550: (
        "KSeF gave up; send the invoice again.",
        "KSeF przerwał przetwarzanie; wyślij fakturę ponownie.",
        "KSeF hat abgebrochen; senden Sie die Rechnung erneut.",
    ),
}

#: What the status of a session means to a person. Rule: sessions.md section 7.
_SESSION: Final[dict[int, Words]] = {
    100: (
        "The session is open and takes invoices for twelve hours.",
        "Sesja jest otwarta i przyjmuje faktury przez dwanaście godzin.",
        "Die Sitzung ist offen und nimmt zwölf Stunden lang Rechnungen an.",
    ),
    150: (
        "The package is being processed.",
        "Trwa przetwarzanie paczki.",
        "Das Paket wird verarbeitet.",
    ),
    170: (
        "The session is closed; once all invoices are decided, there is a UPO.",
        "Sesja jest zamknięta; gdy wszystkie faktury zostaną rozpatrzone, powstanie UPO.",
        "Die Sitzung ist geschlossen; sobald alle Rechnungen entschieden sind, gibt es ein UPO.",
    ),
    200: (
        "At least one invoice was accepted, and the UPO is ready.",
        "Przyjęto co najmniej jedną fakturę, a UPO jest gotowe.",
        "Mindestens eine Rechnung wurde angenommen, das UPO liegt bereit.",
    ),
    405: (
        "A part of the package is not as announced: another hash or size.",
        "Część paczki nie jest taka, jak zapowiedziano: inny skrót albo rozmiar.",
        "Ein Teil des Pakets ist nicht wie angekündigt: anderer Hash oder andere Größe.",
    ),
    415: (
        "KSeF could not decrypt the session's key; nothing was taken.",
        "KSeF nie odszyfrował klucza sesji; niczego nie przyjęto.",
        "KSeF konnte den Schlüssel der Sitzung nicht entschlüsseln; nichts wurde angenommen.",
    ),
    420: (
        "More invoices than a session may have.",
        "Więcej faktur, niż może mieć sesja.",
        "Mehr Rechnungen, als eine Sitzung haben darf.",
    ),
    430: (
        "The archive could not be unpacked.",
        "Nie udało się rozpakować archiwum.",
        "Das Archiv konnte nicht entpackt werden.",
    ),
    435: (
        "The parts of the archive could not be decrypted.",
        "Nie udało się odszyfrować części archiwum.",
        "Die Teile des Archivs konnten nicht entschlüsselt werden.",
    ),
    440: (
        "The session was cancelled: nothing was sent in it, or not in time.",
        "Sesję anulowano: niczego w niej nie wysłano albo nie zdążono.",
        "Die Sitzung wurde abgebrochen: Es wurde nichts oder nicht rechtzeitig gesendet.",
    ),
    445: (
        "None of the invoices was accepted, so there is no UPO.",
        "Żadna faktura nie została przyjęta, więc nie ma UPO.",
        "Keine Rechnung wurde angenommen, daher gibt es kein UPO.",
    ),
    500: ("KSeF failed.", "Błąd po stronie KSeF.", "KSeF ist gescheitert."),
}


def options(speaker: Speaker, words: dict[str, Words]) -> list[tuple[str, str]]:
    """For a choice: value on the wire and word for a person."""
    return [(wire, speaker(*named)) for wire, named in words.items()]


def word(speaker: Speaker, words: dict[str, Words], wire: str) -> str:
    """The word for a value of the wire; the value itself where we know none."""
    return speaker(*words[wire]) if wire in words else wire


def of_invoice(speaker: Speaker, code: int) -> str:
    """What a status of an invoice means; "" for one we do not know."""
    return speaker(*_INVOICE[code]) if code in _INVOICE else ""


def of_session(speaker: Speaker, code: int) -> str:
    """What a status of a session means; "" for one we do not know."""
    return speaker(*_SESSION[code]) if code in _SESSION else ""


def tone(code: int) -> str:
    """How a badge with a status looks: `good`, `bad`, or `note` while nothing is decided."""
    return "good" if code == 200 else "bad" if code > 200 else "note"
