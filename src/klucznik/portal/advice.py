"""What a person does next after a refusal, by what KSeF answered: en, pl, de."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

Words = tuple[str, str, str]

_LOG_IN: Final = (
    "Log in again; an access token lives for minutes and is renewed with the refresh token.",
    "Zaloguj się ponownie; accessToken żyje kilkanaście minut i odnawia się go refreshTokenem.",
    "Melden Sie sich neu an; ein Access-Token lebt Minuten und wird mit dem Refresh-Token erneuert.",
)
_PERMISSION: Final = (
    "Ask the owner or who manages permissions for the one that is missing, then log in anew: "
    "a login keeps the permissions it began with.",
    "Poproś właściciela lub osobę zarządzającą uprawnieniami o brakujące uprawnienie i zaloguj się ponownie: "
    "sesja zachowuje uprawnienia z chwili logowania.",
    "Bitten Sie den Inhaber oder wer Berechtigungen verwaltet um die fehlende und melden Sie sich neu an: "
    "eine Anmeldung behält die Berechtigungen, mit denen sie begann.",
)
_SLOWER: Final = (
    "Wait as long as Retry-After says, then go on more slowly; look at the limits of the context.",
    "Odczekaj tyle, ile podaje Retry-After, i wysyłaj wolniej; sprawdź limity kontekstu.",
    "Warten Sie, solange Retry-After sagt, und machen Sie langsamer weiter; sehen Sie die Limits an.",
)
_NOT_HERE: Final = (
    "Check the number and the context: what belongs to another context is answered as if it were not there.",
    "Sprawdź numer i kontekst: o tym, co należy do innego kontekstu, KSeF odpowiada, jakby nie istniało.",
    "Prüfen Sie Nummer und Kontext: was zu einem anderen Kontext gehört, gilt als nicht vorhanden.",
)
_GONE: Final = (
    "KSeF keeps this for a limited time only. Ask for it anew.",
    "KSeF przechowuje to tylko przez pewien czas. Złóż zapytanie ponownie.",
    "KSeF bewahrt das nur begrenzte Zeit auf. Fragen Sie neu an.",
)
_OURS: Final = (
    "A failure of the server, or one that was ordered: look up the document before you send it again.",
    "Błąd serwera albo awaria zamówiona do testów: przed ponownym wysłaniem sprawdź, czy nie dotarł.",
    "Ein Fehler des Servers oder ein bestellter: sehen Sie nach dem Dokument, ehe Sie es noch einmal senden.",
)
_FORM: Final = (
    "Correct the field that the cause names and send the call again.",
    "Popraw pole wskazane w przyczynie i wyślij żądanie ponownie.",
    "Berichtigen Sie das genannte Feld und senden Sie die Anfrage noch einmal.",
)
_INVOICE: Final = (
    'Correct the XML as the cause says; "klucznik invoice check" tells it before anything is sent.',
    "Popraw XML zgodnie z przyczyną; „klucznik invoice check” wskaże błąd przed wysłaniem.",
    "Berichtigen Sie das XML wie angegeben; „klucznik invoice check“ sagt es vor dem Senden.",
)
_TWICE: Final = (
    "This invoice is in KSeF already: compare the two, and do not send it again.",
    "Ta faktura jest już w KSeF: porównaj obie i nie wysyłaj jej ponownie.",
    "Diese Rechnung ist schon in KSeF: vergleichen Sie beide und senden Sie sie nicht noch einmal.",
)
_TOKEN: Final = (
    "Examine the KSeF token in the token doctor; if it is revoked or of another context, generate a new one.",
    "Sprawdź token KSeF w doktorze tokenów; jeśli jest unieważniony albo z innego kontekstu, wygeneruj nowy.",
    "Prüfen Sie den KSeF-Token im Token-Doktor; ist er widerrufen oder fremd, erzeugen Sie einen neuen.",
)
_CERTIFICATE: Final = (
    "Check that the certificate is in force, not revoked, and meant for authentication.",
    "Sprawdź, czy certyfikat jest ważny, nieunieważniony i przeznaczony do uwierzytelnienia.",
    "Prüfen Sie, ob das Zertifikat gültig, nicht widerrufen und zur Authentifizierung bestimmt ist.",
)
_NO_RIGHTS: Final = (
    "Whoever tried holds no permission in this context. Grant one under Permissions if they should.",
    "Ta osoba nie ma w tym kontekście żadnego uprawnienia. Jeśli powinna, nadaj je w zakładce Uprawnienia.",
    "Diese Person hat hier keine Berechtigung. Erteilen Sie ihr eine unter Berechtigungen, wenn sie soll.",
)
_BLOCKED: Final = (
    "The context is blocked; as a test it was blocked under Test data and can be unblocked there.",
    "Kontekst jest zablokowany; do testów blokuje i odblokowuje się go w zakładce Dane testowe.",
    "Der Kontext ist gesperrt; zum Testen sperrt und entsperrt man ihn unter Testdaten.",
)
_KEY: Final = (
    "Encrypt with the public key that KSeF announces now, and begin again.",
    "Zaszyfruj kluczem publicznym, który KSeF podaje teraz, i zacznij od nowa.",
    "Verschlüsseln Sie mit dem Schlüssel, den KSeF jetzt nennt, und beginnen Sie neu.",
)

_BY_HTTP: Final[Mapping[int, Words]] = {
    401: _LOG_IN,
    403: _PERMISSION,
    404: _NOT_HERE,
    410: _GONE,
    429: _SLOWER,
}
_BY_CODE: Final[Mapping[int, Words]] = {
    21301: _LOG_IN,
    21304: _LOG_IN,
    21405: _FORM,
    21470: _KEY,
    25005: _NOT_HERE,
    25008: _NOT_HERE,
}
_BY_KIND: Final[Mapping[tuple[str, int], Words]] = {
    ("auth_operations", 415): _NO_RIGHTS,
    ("auth_operations", 450): _TOKEN,
    ("auth_operations", 460): _CERTIFICATE,
    ("auth_operations", 480): _BLOCKED,
    ("sessions", 415): _KEY,
    ("exports", 415): _KEY,
    ("invoices", 440): _TWICE,
    ("invoices", 410): _PERMISSION,
}
_OF_KIND: Final[Mapping[str, Words]] = {
    "invoices": _INVOICE,
    "permission_operations": _PERMISSION,
    "sessions": _INVOICE,
}
_CODE: Final = re.compile(r"\d{5}\b")


def advice(cause: Mapping[str, Any]) -> Words:
    """The next step after a refusal that the management door tells (docs/management.md, "Why")."""
    kind, status = cause.get("kind", ""), int(cause["status"])
    if kind:
        return _BY_KIND.get((kind, status)) or (_OURS if status >= 500 else _OF_KIND.get(kind, _FORM))
    code = _CODE.match(cause.get("said", ""))
    if code and (known := _BY_CODE.get(int(code[0]))):
        return known
    return _BY_HTTP.get(status) or (_OURS if status >= 500 else _FORM)
