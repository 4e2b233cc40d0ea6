"""Refusal codes and statuses, with KSeF's own Polish texts, byte for byte.

A constant in capitals is a `Code`; the details that go with it follow it as plain texts, `{names}`
to be filled by `str.format`. Statuses are tables from number to description. Rules: auth.md sections
2 and 3, sessions.md sections 5-10, invoice-verification.md section 2, query-export.md, testdata.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Code:
    """A refusal of HTTP 400: number and description. Details say what it was about."""

    number: int
    description: str


#: Every code by its number.
CODES: dict[int, Code] = {}


def _code(number: int, description: str) -> Code:
    if number in CODES:
        raise ValueError(f"code {number} is described twice")
    CODES[number] = Code(number, description)
    return CODES[number]


# Any call with a body, query or path to check

UNREADABLE: Final = _code(21001, "Nieczytelna treść.")
INVALID_INPUT: Final = _code(21405, "Błąd walidacji danych wejściowych.")
BAD_CONTINUATION_TOKEN: Final = _code(21418, "Przekazany token kontynuacji ma nieprawidłowy format.")
UNKNOWN_KEY: Final = _code(
    21470, "Przesłany identyfikator klucza jest nieznany lub wskazuje na wycofany klucz."
)
KEY_NOT_SUPPORTED: Final = "Klucz o identyfikatorze {key_id} nie jest wspierany."

# Authentication

INVALID_DOCUMENT: Final = _code(9101, "Nieprawidłowy dokument.")
NO_SIGNATURE: Final = _code(9102, "Brak podpisu.")
TOO_MANY_SIGNATURES: Final = _code(9103, "Przekroczona liczba dozwolonych podpisów.")
INVALID_SIGNATURE: Final = _code(9105, "Nieprawidłowy podpis.")
SIGNATURE_DOES_NOT_VERIFY: Final = "Podpis zweryfikowany negatywnie."
SIGNATURE_PROFILE_NOT_ACCEPTED: Final = "Format podpisu niezgodny z akceptowanymi profilami XAdES."
SIGNATURE_ALGORITHM_NOT_SUPPORTED: Final = (
    "Podpis złożony z użyciem niewspieranego algorytmu kryptograficznego."
)
SIGNATURE_CONTENT_INVALID: Final = "Nieprawidłowa treść podpisu."

INVALID_CHALLENGE: Final = _code(21111, "Nieprawidłowe wyzwanie autoryzacyjne.")
INVALID_CERTIFICATE: Final = _code(21115, "Nieprawidłowy certyfikat.")
INVALID_SUBJECT_IDENTIFIER: Final = _code(
    21117, "Nieprawidłowy identyfikator podmiotu dla wskazanego typu kontekstu."
)
INVALID_ENCODING: Final = _code(21217, "Nieprawidłowe kodowanie znaków.")
NOT_TO_SCHEMA: Final = _code(21401, "Dokument nie jest zgodny ze schemą (xsd).")
SIGNATURE_CONFLICT: Final = _code(21406, "Konflikt podpisu i typu uwierzytelnienia.")

NO_AUTHORISATION: Final = _code(21301, "Brak autoryzacji.")
REDEEMED_ALREADY: Final = "Tokeny dla operacji uwierzytelniania {ref} zostały już pobrane."
STATUS_FORBIDS_REDEEM: Final = "Status uwierzytelniania ({code}) nie pozwala na pobranie tokenów."
STATUS_FORBIDS_REFRESH: Final = (
    "Status uwierzytelniania ({code}) nie pozwala na odświeżenie tokenu dostępowego."
)
KSEF_TOKEN_REVOKED: Final = "Token KSeF został unieważniony."

NO_AUTHENTICATION: Final = _code(21304, "Brak uwierzytelnienia.")
OPERATION_NOT_FOUND: Final = "Operacja uwierzytelniania o numerze referencyjnym {ref} nie została znaleziona."
DECEASED: Final = _code(21308, "Próba wykorzystania metod autoryzacyjnych osoby zmarłej.")

# KSeF tokens

TOKEN_EXCEEDS_CALLER: Final = _code(26001, "Nie można nadać tokenowi uprawnień których nie posiadasz.")
PERMISSIONS_MISSING: Final = "Brakujące uprawnienia: {permissions}."
TOKEN_CONTEXT_NOT_ALLOWED: Final = _code(26002, "Nie można wygenerować tokena dla obecnego typu kontekstu.")

# Sessions

TOO_MANY_INVOICES: Final = _code(21155, "Przekroczono dozwoloną liczbę faktur w sesji.")
INVOICE_LIMIT_REACHED: Final = (
    "Sesja o numerze referencyjnym {ref} osiągnęła dozwolony limit liczby faktur {limit}."
)
BAD_PART_SIZE: Final = _code(21157, "Nieprawidłowy rozmiar części pakietu.")
PART_TOO_LARGE: Final = "Rozmiar części {ordinal} przekroczył dozwolony rozmiar 100MB."
PART_SIZE_DIFFERS: Final = "Zadeklarowany rozmiar części '{ordinal}' nie zgadza się z rzeczywistym."
TOO_MANY_PARTS: Final = _code(21161, "Przekroczono dozwoloną liczbę części pakietu.")
AT_MOST_50_PARTS: Final = "Liczba części pliku musi być mniejsza lub równa niż 50."
NO_CORRECTION: Final = _code(21166, "Korekta techniczna niedostępna.")
CORRECTED_ALREADY: Final = "Faktura posiada już przetworzoną prawidłowo korektę techniczną."
STATUS_FORBIDS_CORRECTION: Final = _code(21167, "Status faktury nie pozwala na korektę techniczną.")
ACCEPTED_ALREADY: Final = "Nie można wysłać korekty technicznej do prawidłowo przetworzonej faktury."
NO_SESSION: Final = _code(21173, "Brak sesji o wskazanym numerze referencyjnym.")
SESSION_NOT_FOUND: Final = "Sesja o numerze referencyjnym {ref} nie została znaleziona."
#: The same on sending to and closing an online session; all other calls say `znaleziona`.
ONLINE_SESSION_NOT_FOUND: Final = "Sesja o numerze referencyjnym {ref} nie została odnaleziona."
NO_UPO: Final = _code(21178, "Nie znaleziono UPO dla podanych kryteriów.")
UPO_OF_INVOICE_NOT_FOUND: Final = (
    "UPO o numerze KSeF {ksef_number} i numerze referencyjnym sesji {ref} nie zostało znalezione."
)
UPO_OF_SESSION_NOT_FOUND: Final = (
    "UPO o numerze referencyjnym {upo_ref} dla sesji {ref} nie zostało znalezione."
)
STATUS_FORBIDS: Final = _code(21180, "Status sesji nie pozwala na wykonanie operacji.")
STATUS_FORBIDS_SENDING: Final = "Status sesji {code} uniemożliwia wysyłkę faktur."
STATUS_FORBIDS_CLOSING: Final = "Status sesji {code} uniemożliwia jej zamknięcie."
SESSION_UNAVAILABLE: Final = _code(21184, "Sesja tymczasowo niedostępna.")
SESSION_UNDER_MAINTENANCE: Final = (
    "Trwają prace serwisowe i sesja {ref} jest tymczasowo niedostępna. Spróbuj ponownie później lub "
    "otwórz nową sesję, aby wysłać kolejne faktury."
)
EMPTY_PACKAGE: Final = _code(21205, "Pakiet nie może być pusty.")
PART_NOT_UPLOADED: Final = "Nie przesłano zadeklarowanej '{ordinal}' części pliku."
UPLOAD_TIMED_OUT: Final = _code(21208, "Czas oczekiwania na requesty upload lub finish został przekroczony.")
CANCELLED_UPLOAD_TIME: Final = "Sesja anulowana, przekroczony czas wysyłki."
WRONG_FILE_SIZE: Final = _code(21402, "Nieprawidłowy rozmiar pliku.")
LENGTH_DIFFERS: Final = "Długość treści nie zgadza się z rozmiarem pliku."
WRONG_FILE_HASH: Final = _code(21403, "Nieprawidłowy skrót pliku.")
HASH_DIFFERS: Final = "Skrót treści nie zgadza się ze skrótem pliku."

# Details of 21405 that the sessions give
FORM_CODE_NOT_SUPPORTED: Final = "Wskazany kod formularza nie jest wspierany."
BAD_IV_LENGTH: Final = (
    "Nieprawidłowa długość wektora inicjującego (IV). Oczekiwano 16 bajtów, otrzymano {length}."
)
CORRECTION_ONLY_OFFLINE: Final = "HashOfCorrectedInvoice can only be provided for offline invoices"

# Invoices: query, export, download

NO_INVOICE: Final = _code(21164, "Faktura o podanym identyfikatorze nie istnieje.")
INVOICE_NOT_FOUND: Final = "Faktura o numerze KSeF {ksef_number} nie została znaleziona."
INVOICE_NOT_STORED_YET: Final = _code(21165, "Faktura o podanym numerze KSeF nie jest jeszcze dostępna.")
INVOICE_PROCESSED_NOT_STORED: Final = (
    "Faktura o numerze KSeF {ksef_number} została przetworzona, ale nie jest jeszcze dostępna do pobrania. "
    "Spróbuj ponownie później."
)
NO_EXPORT: Final = _code(21175, "Wynik zapytania o podanym identyfikatorze nie istnieje.")
BAD_EXPORT: Final = _code(21181, "Nieprawidłowe żądanie eksportu faktur.")
EXPORT_NOT_FOR_CONTEXT: Final = (
    "Nie można wyeksportować paczki faktur dla wybranego podmiotu ({subject_type}) i zalogowanego "
    "identyfikatora kontekstu ({type})."
)
TOO_MANY_EXPORTS: Final = _code(21182, "Osiągnięto limit trwających eksportów.")
EXPORT_LIMIT_REACHED: Final = (
    "Dla uwierzytelnionego podmiotu w bieżącym kontekście osiągnięto maksymalny limit {count} "
    "równoczesnych eksportów faktur. Spróbuj ponownie później."
)
RANGE_BEYOND_DATA: Final = _code(21183, "Zakres filtrowania wykracza poza dostępny zakres danych.")
FROM_AFTER_HWM: Final = (
    "Parametr dateRange.from jest późniejszy niż PermanentStorageHwmDate przy włączonym "
    "restrictToPermanentStorageHwmDate."
)

# KSeF certificates

NO_ENROLLMENT_DATA: Final = _code(
    25001, "Brak możliwości pobrania danych do CSR dla wykorzystanego sposobu uwierzytelnienia."
)
NO_ENROLLMENT: Final = _code(
    25002, "Brak możliwości złożenia wniosku certyfikacyjnego dla wykorzystanego sposobu uwierzytelnienia."
)
CSR_SUBJECT_DIFFERS: Final = _code(
    25003, "Dane w CSR nie zgadzają się z danymi w użytym wektorze uwierzytelniającym."
)
BAD_CSR: Final = _code(25004, "Niepoprawny format CSR lub niepoprawny podpis CSR.")
ENROLLMENT_NOT_FOUND: Final = _code(
    25005, "Wniosek certyfikacyjny o podanym numerze referencyjnym nie istnieje."
)
TOO_MANY_ENROLLMENTS: Final = _code(
    25006, "Osiągnięto limit możliwych do złożenia wniosków certyfikacyjnych."
)
TOO_MANY_CERTIFICATES: Final = _code(25007, "Osiągnięto limit dopuszczalnej liczby posiadanych certyfikatów.")
CERTIFICATE_NOT_FOUND: Final = _code(25008, "Certyfikat o podanym numerze seryjnym nie istnieje.")
CERTIFICATE_NOT_REVOCABLE: Final = _code(
    25009, "Nie można odwołać wskazanego certyfikatu, ponieważ jest już odwołany, zablokowany lub nieważny."
)
BAD_KEY_OF_CSR: Final = _code(25010, "Nieprawidłowy typ lub długość klucza.")
BAD_ALGORITHM_OF_CSR: Final = _code(25011, "Nieprawidłowy algorytm podpisu CSR.")

# Collective identifiers

#: In their lists 21418 has other words than elsewhere (`CODES` holds one text for a number).
BAD_COLLECTIVE_TOKEN: Final = Code(21418, "Przesłany token kontynuacji jest nieprawidłowy.")
NO_COLLECTED_INVOICE: Final = _code(71001, "Faktura o podanym identyfikatorze nie istnieje.")
TOO_MANY_IDENTIFIERS: Final = _code(
    71002, "Faktura jest już przypisana do maksymalnej liczby Identyfikatorów Zbiorczych."
)
INVOICE_HAS_MOST_IDENTIFIERS: Final = (
    "Faktura o numerze KSeF {ksef_number} jest już przypisana do maksymalnej liczby Identyfikatorów "
    "Zbiorczych."
)
DIFFERENT_SELLERS: Final = _code(71004, "Faktury mają różnych sprzedawców.")
INVOICE_OF_ANOTHER_SELLER: Final = "Faktura o numerze KSeF {ksef_number} ma innego sprzedawcę."
REPEATED_INVOICE: Final = _code(71005, "Powtórzony numer KSeF w żądaniu.")
NUMBER_REPEATED: Final = "Powtórzony numer KSeF {ksef_number}."

# Test data

EXISTS_ALREADY: Final = _code(30001, "Podmiot lub uprawnienie już istnieje.")

# Statuses of an export (query-export.md section 4)

EXPORT_STATUS: Final[dict[int, str]] = {
    100: "Eksport faktur w toku",
    200: "Eksport faktur zakończony sukcesem",
    210: "Eksport faktur wygasł i nie jest już dostępny do pobrania",
    415: "Błąd odszyfrowania dostarczonego klucza",
    420: "Zakres filtrowania wykracza poza dostępny zakres danych",
    500: "Nieznany błąd (500)",
    550: "Operacja została anulowana przez system",
}

# Statuses of an authentication operation (auth.md section 2)

AUTH_STATUS: Final[dict[int, str]] = {
    100: "Uwierzytelnianie w toku",
    200: "Uwierzytelnianie zakończone sukcesem",
    415: "Uwierzytelnianie zakończone niepowodzeniem",
    425: "Uwierzytelnienie unieważnione",
    450: "Uwierzytelnianie zakończone niepowodzeniem z powodu błędnego tokenu",
    460: "Uwierzytelnianie zakończone niepowodzeniem z powodu błędu certyfikatu",
    470: "Uwierzytelnianie zakończone niepowodzeniem",
    480: "Uwierzytelnienie zablokowane",
    500: "Nieznany błąd",
    550: "Operacja została anulowana przez system",
}

#: 415
NO_PERMISSIONS_ASSIGNED: Final = "Brak przypisanych uprawnień"
#: 425
REVOKED_BY_USER: Final = "Uwierzytelnienie i powiązane refresh tokeny zostały unieważnione przez użytkownika"
#: 450
BAD_CHALLENGE: Final = "Nieprawidłowe wyzwanie autoryzacyjne"
BAD_TOKEN: Final = "Nieprawidłowy token"
BAD_TOKEN_TIME: Final = "Nieprawidłowy czas tokena"
TOKEN_REVOKED: Final = "Token unieważniony"
TOKEN_INACTIVE: Final = "Token nieaktywny"
BAD_TOKEN_ENCRYPTION: Final = "Nieprawidłowe szyfrowanie tokena"
BAD_TOKEN_ENCODING: Final = "Nieprawidłowe kodowanie tokena"
TOKEN_NOT_FOR_CONTEXT: Final = "Token nie może być użyty w kontekście {context}"
#: 460
CERTIFICATE_EXPIRED: Final = "Nieważny certyfikat"
CHAIN_NOT_VERIFIED: Final = "Błąd weryfikacji łańcucha certyfikatów"
CHAIN_NOT_TRUSTED: Final = "Niezaufany łańcuch certyfikatów"
CERTIFICATE_REVOKED: Final = "Certyfikat odwołany"
CERTIFICATE_SUSPENDED: Final = "Certyfikat zawieszony"
CERTIFICATE_INCORRECT: Final = "Niepoprawny certyfikat"
#: 470
METHODS_OF_DECEASED: Final = "Próba wykorzystania metod autoryzacyjnych osoby zmarłej"
#: 480
SECURITY_INCIDENT: Final = (
    "Podejrzenie incydentu bezpieczeństwa. Skontaktuj się z Ministerstwem Finansów przez formularz "
    "zgłoszeniowy."
)
#: 550, of an authentication and of an invoice alike
INTERRUPTED: Final = "Przetwarzanie zostało przerwane z przyczyn wewnętrznych systemu. Spróbuj ponownie"

# Statuses of a certificate enrolment (certificates.md section 4)

ENROLLMENT_STATUS: Final[dict[int, str]] = {
    100: "Wniosek przyjęty do realizacji",
    200: "Wniosek obsłużony (certyfikat wygenerowany)",
    400: "Wniosek odrzucony",
    500: "Nieznany błąd",
    550: "Operacja została anulowana przez system",
}

#: 400
KEY_OF_ANOTHER: Final = "Klucz publiczny został już certyfikowany przez inny podmiot."
CERTIFICATE_LIMIT_REACHED: Final = "Osiągnięto dopuszczalny limit posiadanych certyfikatów."

# Statuses of a session (sessions.md section 7)

ONLINE_SESSION_STATUS: Final[dict[int, str]] = {
    100: "Sesja interaktywna otwarta",
    170: "Sesja interaktywna zamknięta",
    200: "Sesja interaktywna przetworzona pomyślnie",
    415: "Błąd odszyfrowania dostarczonego klucza",
    440: "Sesja anulowana",
    445: "Błąd weryfikacji, brak poprawnych faktur",
}

BATCH_SESSION_STATUS: Final[dict[int, str]] = {
    100: "Sesja wsadowa rozpoczęta",
    150: "Trwa przetwarzanie",
    200: "Sesja wsadowa przetworzona pomyślnie",
    405: "Błąd weryfikacji poprawności dostarczonych elementów paczki",
    415: "Błąd odszyfrowania dostarczonego klucza",
    420: "Przekroczony limit faktur w sesji",
    430: "Błąd dekompresji pierwotnego archiwum",
    435: "Błąd odszyfrowania zaszyfrowanych części archiwum",
    440: "Sesja anulowana",
    445: "Błąd weryfikacji, brak poprawnych faktur",
    500: "Nieznany błąd (500)",
}

#: By session type, as the contract calls it.
SESSION_STATUS: Final[dict[str, dict[int, str]]] = {
    "Online": ONLINE_SESSION_STATUS,
    "Batch": BATCH_SESSION_STATUS,
}

#: 405
PART_HASH_DIFFERS: Final = "Skrót SHA-256 części: '{ordinal}' nie zgadza się z zadeklarowanym skrótem: {hash}"
#: 415
KEY_NOT_DECRYPTED: Final = "Rozszyfrowania klucza symetrycznego zakończone błędem"
#: 420
TOO_MANY_IN_PACKAGE: Final = (
    "Przekroczono dopuszczalną liczbę faktur w paczce: '{limit}'. Liczba faktur w paczce: '{count}'."
)
#: 430
PACKAGE_HASH_DIFFERS: Final = (
    "Skrót SHA-256 przesłanej paczki faktur nie jest zgodny z zadeklarowanym skrótem: {hash}"
)
#: 440
SEND_TIME_EXCEEDED: Final = "Przekroczono czas wysyłki"
NO_INVOICES_SENT: Final = "Nie przesłano faktur"

# Statuses of an invoice (invoice-verification.md section 2)

INVOICE_STATUS: Final[dict[int, str]] = {
    100: "Faktura przyjęta do dalszego przetwarzania",
    150: "Trwa przetwarzanie",
    200: "Sukces",
    405: "Przetwarzanie anulowane z powodu błędu sesji",
    410: "Nieprawidłowy zakres uprawnień",
    415: "Brak możliwości wysyłania faktury z załącznikiem",
    430: "Błąd weryfikacji pliku faktury",
    435: "Błąd odszyfrowania pliku",
    440: "Duplikat faktury",
    450: "Błąd weryfikacji semantyki dokumentu faktury",
    500: "Nieznany błąd (500)",
    550: "Operacja została anulowana przez system",
}

#: 410
NO_INVOICE_PERMISSION: Final = "Brak uprawnienia fakturowego"
NOT_FOR_THIS_SELLER: Final = (
    "Kontekst {context} nie jest uprawniony do wystawienia faktury w imieniu sprzedawcy (NIP: {seller})"
)
NO_ATTACHMENT_CONSENT: Final = "Sprzedawca {nip} nie posiada zgody do wysyłania faktur z załącznikami"
#: 430
INVOICE_SIZE_DIFFERS: Final = (
    "Rozmiar przesłanego pliku faktury nie zgadza się z zadeklarowaną wartością: {size}."
)
#: 435
BADLY_ENCRYPTED: Final = "Plik niepoprawnie zaszyfrowany"
#: 440, with the extensions `originalSessionReferenceNumber` and `originalKsefNumber`
DUPLICATE: Final = (
    "Duplikat faktury. Faktura o numerze KSeF: {ksef_number} została już prawidłowo przesłana do systemu "
    "w sesji: {session_ref}"
)
#: 450
INVALID_XML: Final = "Nieprawidłowy XML"

# Statuses of an operation on permissions (permissions.md section 9)

PERMISSION_STATUS: Final[dict[int, str]] = {
    100: "Operacja przyjęta do realizacji",
    200: "Operacja zakończona sukcesem",
    400: "Operacja zakończona niepowodzeniem",
    410: "Podane identyfikatory są niezgodne lub pozostają w niewłaściwej relacji",
    420: "Użyte poświadczenia nie mają uprawnień do wykonania tej operacji",
    430: "Kontekst identyfikatora nie odpowiada wymaganej roli lub uprawnieniom",
    440: "Operacja niedozwolona dla wskazanych powiązań identyfikatorów",
    450: "Operacja niedozwolona dla wskazanego identyfikatora lub jego typu",
    500: "Nieznany błąd",
    550: "Operacja została anulowana przez system",
}
