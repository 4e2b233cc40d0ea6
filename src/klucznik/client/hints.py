"""What a person does next, by the refusals people commonly meet."""

from __future__ import annotations

from collections.abc import Sequence

from klucznik.errors import Again
from klucznik.lang import tr

#: Refusals that pass by themselves: maintenance, too many exports, not stored yet.
PASSING = frozenset({21184, 21182, 21165})


def again_for(code: int) -> Again:
    """What a loop does with a refusal of HTTP 400."""
    return "later" if code in PASSING else "never"


def of_code(code: int, details: Sequence[str] = ()) -> str:
    """Hint for a code of HTTP 400; empty where KSeF's own words say enough."""
    words = " ".join(details)
    match code:
        case 21301 if "Token KSeF" in words:
            return tr(
                'the KSeF token is revoked: issue a new one in the portal, then "klucznik token put".',
                "token KSeF jest unieważniony: wystaw nowy w portalu, potem „klucznik token put”.",
            )
        case 21301 | 21304:
            return tr("log in again.", "zaloguj się ponownie.")
        case 21111:
            return tr(
                "the challenge is used up or older than 10 minutes: ask for a new one and log in again.",
                "wyzwanie zużyte albo starsze niż 10 minut: pobierz nowe i zaloguj się ponownie.",
            )
        case 21470:
            return tr(
                "KSeF changed its key: fetch the public keys anew and encrypt again.",
                "KSeF zmienił klucz: pobierz klucze publiczne i zaszyfruj ponownie.",
            )
        case 21180:
            return tr(
                "the session is closed or failed: read its status, then send in a new session.",
                "sesja jest zamknięta lub zakończona błędem: sprawdź jej stan i wyślij w nowej sesji.",
            )
        case 21173:
            return tr(
                "is this number from the same environment and company?",
                "czy ten numer pochodzi z tego samego środowiska i firmy?",
            )
        case 21155:
            return tr("open another session for the rest.", "otwórz kolejną sesję na resztę.")
        case 21184 | 21182:
            return tr("try again later.", "spróbuj później.")
        case 21165:
            return tr(
                "accepted, but not stored yet: ask again in a minute.",
                "przyjęta, ale jeszcze niedostępna: zapytaj za minutę.",
            )
        case 26001:
            return tr(
                "ask only for permissions that you hold yourself.",
                "proś tylko o uprawnienia, które sam posiadasz.",
            )
        case 26002:
            return tr(
                "log in in the context of a NIP or an internal unit.",
                "zaloguj się w kontekście NIP albo jednostki wewnętrznej.",
            )
        case 25001 | 25002:
            return tr(
                "log in with a certificate, not with a KSeF token.",
                "zaloguj się certyfikatem, nie tokenem KSeF.",
            )
        case 25003:
            return tr(
                "the CSR must repeat the enrolment data, attribute by attribute: ask for them again.",
                "CSR musi powtarzać dane do wniosku, atrybut po atrybucie: pobierz je ponownie.",
            )
        case 25007:
            return tr(
                'revoke a certificate that is not needed: "klucznik cert list", "klucznik cert revoke".',
                "unieważnij zbędny certyfikat: „klucznik cert list”, „klucznik cert revoke”.",
            )
        case 21115 | 9105:
            return tr(
                "is it the right certificate with its own private key, and not expired?",
                "czy to właściwy certyfikat z własnym kluczem prywatnym i czy nie wygasł?",
            )
    return ""


def of_missing_permissions(required: Sequence[str], present: Sequence[str]) -> str:
    """Hint for 403 `missing-permissions`: which one is missing and who can grant it."""
    held = ", ".join(present) or tr("none", "żadne")
    wanted = " / ".join(required) or tr("another permission", "inne uprawnienie")
    granter = tr(
        "the owner of the company or a holder of CredentialsManage there",
        "właściciel firmy albo osoba z uprawnieniem CredentialsManage w tej firmie",
    )
    if "VatUeManage" in required:
        granter = tr("a holder of VatUeManage", "osoba z uprawnieniem VatUeManage")
    return tr(
        f"missing: {wanted} (held: {held}). {granter} can grant it; then log in again. "
        "A KSeF token never gains permissions: issue a new one.",
        f"brakuje: {wanted} (posiadane: {held}). Nada je {granter}; potem zaloguj się ponownie. "
        "Token KSeF nie zyskuje uprawnień: wystaw nowy.",
    )


def of_forbidden(reason: str, *, required: Sequence[str], present: Sequence[str]) -> str:
    """Hint for a 403 by its reasonCode (auth.md section 4)."""
    match reason:
        case "missing-permissions":
            return of_missing_permissions(required, present)
        case "ip-not-allowed":
            return tr(
                "this login is restricted to other addresses: log in again from here, or without the list.",
                "to logowanie ograniczono do innych adresów: zaloguj się stąd lub bez listy adresów.",
            )
        case "insufficient-resource-access":
            return tr(
                "it belongs to another context or was opened by someone else; Introspection lets one see "
                "all sessions of the company.",
                "należy do innego kontekstu lub otworzył ją ktoś inny; uprawnienie Introspection pozwala "
                "widzieć wszystkie sesje firmy.",
            )
        case "auth-method-not-allowed":
            return tr(
                "log in with a certificate: a KSeF token cannot do this.",
                "zaloguj się certyfikatem: token KSeF tego nie może.",
            )
        case "context-type-not-allowed":
            return tr("log in in another type of context.", "zaloguj się w innym typie kontekstu.")
        case "security-service-blocked":
            return tr(
                "the Ministry's firewall stopped it; give the incident number to its support.",
                "zatrzymała to zapora Ministerstwa; podaj numer incydentu w zgłoszeniu.",
            )
    return tr(
        "is the right credential used, in the right company?",
        "czy to właściwe poświadczenie i właściwa firma?",
    )


def of_login(code: int, details: Sequence[str]) -> str:
    """Hint for a failed login, by the status code of the operation (auth.md section 2)."""
    words = " ".join(details)
    match code:
        case 415:
            return tr(
                "nobody granted this person or firm anything in this context: the owner or a holder of "
                "CredentialsManage grants permissions in the portal.",
                "nikt nie nadał uprawnień w tym kontekście: nadaje je w portalu właściciel albo osoba "
                "z CredentialsManage.",
            )
        case 450:
            return _of_token(words)
        case 460:
            return tr(
                "check the validity and the issuer of the certificate; production takes no self-signed ones.",
                "sprawdź ważność i wystawcę certyfikatu; produkcja nie przyjmuje własnoręcznie podpisanych.",
            )
        case 425:
            return tr("log in again.", "zaloguj się ponownie.")
        case 480:
            return tr("contact the Ministry of Finance.", "skontaktuj się z Ministerstwem Finansów.")
        case 500 | 550:
            return tr("try again.", "spróbuj ponownie.")
    return ""


def of_result(outcome: str, code: int, words: Sequence[str]) -> str:
    """Hint for what became of a sent invoice (invoice-verification.md section 2)."""
    if outcome == "conflict":
        return tr(
            "KSeF holds another document of this seller, type and number: compare them; if both are real, "
            "give this one another number.",
            "KSeF ma inny dokument tego sprzedawcy, rodzaju i numeru: porównaj je; jeśli oba są prawdziwe, "
            "nadaj temu inny numer.",
        )
    if outcome != "refused":
        return ""
    said = " ".join(words)
    match code:
        case 410 if "załącznik" in said:
            return tr(
                "the seller must first report invoices with attachments (e-Urząd Skarbowy).",
                "sprzedawca musi najpierw zgłosić faktury z załącznikami (e-Urząd Skarbowy).",
            )
        case 410:
            return tr(
                "the seller on the invoice is not the company logged in: log in as the seller, or get its "
                "permission.",
                "sprzedawca z faktury to nie zalogowana firma: zaloguj się jako sprzedawca albo uzyskaj jego "
                "uprawnienie.",
            )
        case 415:
            return tr("send it in a batch session.", "wyślij ją w sesji wsadowej.")
        case 430:
            return tr(
                "not as KSeF wants it: no byte order mark, no processing instruction, at most 1 MB (3 MB "
                "with an attachment).",
                "plik nie jest taki, jak chce KSeF: bez BOM, bez instrukcji przetwarzania, do 1 MB "
                "(3 MB z załącznikiem).",
            )
        case 450:
            return tr(
                'look closer with "klucznik invoice check FILE", mend the document and send it again: '
                "nothing was numbered.",
                "obejrzyj ją („klucznik invoice check PLIK”), popraw i wyślij ponownie: nie ma numeru.",
            )
    return ""


def _of_token(words: str) -> str:
    renew = tr(
        'issue a new one in the portal, then "klucznik token put".',
        "wystaw nowy w portalu, potem „klucznik token put”.",
    )
    if "unieważniony" in words:
        return tr("the token was revoked: ", "token unieważniono: ") + renew
    if "nieaktywny" in words:
        return tr("the token is not active (yet, or any more): ", "token nie jest (już) aktywny: ") + renew
    if "kodowanie" in words:
        return tr("tokens of KSeF 1.0 do not work in 2.0: ", "tokeny KSeF 1.0 nie działają w 2.0: ") + renew
    if "kontekście" in words:
        return tr(
            "the token belongs to another company: give the NIP that it was issued for.",
            "token należy do innej firmy: podaj NIP, dla którego go wystawiono.",
        )
    if "czas" in words or "wyzwanie" in words:
        return tr("log in again.", "zaloguj się ponownie.")
    return (
        tr(
            "unknown here: another environment, or cut when copied? ",
            "nieznany tu: inne środowisko albo ucięty przy kopiowaniu? ",
        )
        + renew
    )
