"""The links in the codes of an invoice: made, and read again with suspicion.

What has one canonical form is taken in no other. Rule: qr-offline.md sections 1 to 3.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final, Literal, NoReturn, TypeAlias, cast, get_args

from klucznik.errors import Unreadable
from klucznik.lang import tr

#: Where the codes of each environment lead, with scheme and without a closing slash. A code's host is
#: part of what is signed, so a code of one environment is worth nothing in another.
QR_HOSTS: Final = {
    "local": "http://127.0.0.1:8090/qr",
    "test": "https://qr-test.ksef.mf.gov.pl",
    "demo": "https://qr-demo.ksef.mf.gov.pl",
    "prd": "https://qr.ksef.mf.gov.pl",
}

ContextType: TypeAlias = Literal["Nip", "InternalId", "NipVatUe", "PeppolId"]

#: Characters of a SHA-256 in Base64URL without padding.
_DIGEST_LENGTH = 43
#: A QR code of the largest version holds no more bytes.
_LONGEST = 2953

_BASE = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]+)?(?:/[a-z0-9._~-]+)*")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_SERIAL = re.compile(r"(?:[0-9A-F]{2}){8,20}")
_DAY = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
_NIP = re.compile(r"[1-9](?:[0-9][1-9]|[1-9][0-9])[0-9]{7}")
_NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)

#: What may follow the NIP in a context's value, and what a PeppolId is.
_CONTEXTS = {
    "Nip": re.compile(r"(?P<nip>[0-9]{10})"),
    "InternalId": re.compile(r"(?P<nip>[0-9]{10})-[0-9]{5}"),
    "NipVatUe": re.compile(r"(?P<nip>[0-9]{10})-[A-Z]{2}[0-9A-Z+*]{2,12}"),
    "PeppolId": re.compile(r"P[A-Z]{2}[0-9]{6}"),
}


@dataclass(frozen=True)
class InvoiceLink:
    """KOD I. `base` is one of `QR_HOSTS` or a host's own; `digest` the SHA-256 of the invoice's bytes
    in Base64URL, 43 characters. `str()` gives the link."""

    base: str
    nip: str
    issue_date: date
    digest: str

    def __str__(self) -> str:
        return f"{self.base}/invoice/{self.nip}/{_day(self.issue_date)}/{self.digest}"


@dataclass(frozen=True)
class CertificateLink:
    """KOD II. The context is the one its issuer was logged in to; `nip` the seller's; `serial` that of
    the certificate; `digest` as in KOD I. `str()` gives the link."""

    base: str
    context_type: ContextType
    context_value: str
    nip: str
    serial: str
    digest: str
    signature: bytes

    @property
    def signed(self) -> bytes:
        """What the signature is made over: the link without scheme and signature."""
        return string_to_sign(
            self.base, self.context_type, self.context_value, self.nip, self.serial, self.digest
        ).encode("ascii")

    def __str__(self) -> str:
        scheme = self.base.partition("://")[0]
        return f"{scheme}://{self.signed.decode('ascii')}/{encode(self.signature)}"


# ---- hashes ----------------------------------------------------------------------------------------


def encode(data: bytes) -> str:
    """Base64URL without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The reverse of `encode`; raises Unreadable for every other way to write the same bytes."""
    if _BASE64URL.fullmatch(text) is None:
        odd = next((character for character in text if _BASE64URL.fullmatch(character) is None), "")
        _refuse(
            f"{text!r} is not Base64URL without padding.",
            f"{text!r} to nie Base64URL bez dopełnienia.",
            f"{odd!r} does not belong in it; + becomes -, / becomes _, and = is left out",
            f"{odd!r} tu nie pasuje; + zmienia się w -, / w _, a = się opuszcza",
        )
    try:
        data = binascii.a2b_base64(text.translate(_TO_BASE64) + "=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        data = b""
    if encode(data) != text:  # spare bits in the last character, or a length that no bytes have
        _refuse(
            f"{text!r} is not Base64URL without padding.",
            f"{text!r} to nie Base64URL bez dopełnienia.",
            "its last character is wrong or cut off",
            "ostatni znak jest błędny albo ucięty",
        )
    return data


_TO_BASE64 = str.maketrans("-_", "+/")


def digest_of(document: bytes) -> str:
    """SHA-256 of an invoice's bytes, exactly as sent, as it stands in both codes: 43 characters."""
    return encode(sha256(document).digest())


def digest_from_api(invoice_hash: str) -> str:
    """`invoiceHash` of the API (Base64) as it stands in the codes. Raises Unreadable."""
    try:
        data = binascii.a2b_base64(invoice_hash, strict_mode=True)
    except ValueError:  # binascii.Error, and what is not ASCII
        data = b""
    if b64encode(data).decode("ascii") != invoice_hash or len(data) != sha256().digest_size:
        _refuse(
            f"{invoice_hash!r} is not a hash as the API gives it.",
            f"{invoice_hash!r} to nie skrót w zapisie API.",
            "SHA-256 in Base64, 44 characters with = at the end",
            "SHA-256 w Base64, 44 znaki z = na końcu",
        )
    return encode(data)


def digest_to_api(digest: str) -> str:
    """The reverse of `digest_from_api`. Raises Unreadable."""
    return b64encode(_check_digest(digest)).decode("ascii")


# ---- making ----------------------------------------------------------------------------------------


def invoice_link(base: str, nip: str, issue_date: date, digest: str, *, checksum: bool = True) -> str:
    """KOD I of an invoice: seller's NIP, issue date (P_1), and `digest_of` its bytes.

    Without `checksum` only the pattern of the NIP counts, as on KSeF TEST. Raises Unreadable, naming
    the part that does not fit.
    """
    link = f"{base}/invoice/{nip}/{_day(issue_date)}/{digest}"
    read_link(link, [base], checksum=checksum)
    return link


# ---- reading ---------------------------------------------------------------------------------------


def read_link(
    text: str, hosts: Sequence[str] = (), *, checksum: bool = True
) -> InvoiceLink | CertificateLink:
    """What a scanned code says. `hosts` are bases to know besides `QR_HOSTS`.

    Raises Unreadable, with what is wrong and where. Without `checksum` only the pattern of a NIP
    counts. Whether a KOD II is signed by its certificate tells `qr_sign.verify`.
    """
    _check_text(text)
    base = _base_of(text, [*QR_HOSTS.values(), *hosts])
    kind, *parts = text[len(base) + 1 :].split("/")
    if kind not in ("invoice", "certificate"):
        _refuse(
            f"A code leads to /invoice/ or /certificate/, this one to {kind!r}.",
            f"Kod prowadzi do /invoice/ albo /certificate/, a ten do {kind!r}.",
        )
    names = _INVOICE_PARTS if kind == "invoice" else _CERTIFICATE_PARTS
    if len(parts) != len(names):
        _refuse(
            f"After /{kind}/ stand {len(names)} parts, here {len(parts)}.",
            f"Po /{kind}/ stoi {len(names)} części, tu {len(parts)}.",
            f"KSeF writes {kind}/{'/'.join(names)}",
            f"KSeF pisze {kind}/{'/'.join(names)}",
        )
    if kind == "invoice":
        nip, day, digest = parts
        _check_nip(nip, checksum)
        issue_date = _read_day(day)
        _check_digest(digest)
        return InvoiceLink(base, nip, issue_date, digest)
    type_, value, nip, serial, digest, signature = parts
    context_type = _check_context(type_, value, checksum)
    _check_nip(nip, checksum)
    if _SERIAL.fullmatch(serial) is None:
        _refuse(
            f"{serial!r} is not the serial number of a certificate.",
            f"{serial!r} to nie numer seryjny certyfikatu.",
            "it is 16 upper-case hex digits, such as 01F20A5D352AE590",
            "to 16 wielkich cyfr szesnastkowych, na przykład 01F20A5D352AE590",
        )
    _check_digest(digest)
    return CertificateLink(base, context_type, value, nip, serial, digest, decode(signature))


_INVOICE_PARTS = ("NIP", "DD-MM-YYYY", "SHA-256")
_CERTIFICATE_PARTS = ("type", "value", "NIP", "serial", "SHA-256", "signature")


def _refuse(en: str, pl: str, hint_en: str = "", hint_pl: str = "") -> NoReturn:
    raise Unreadable(tr(en, pl), hint=tr(hint_en, hint_pl))


def _check_text(text: str) -> None:
    """Everything about a link that can be said before it is taken apart."""
    for place, character in enumerate(text, start=1):
        if not "!" <= character <= "~":
            _refuse(
                f"Character {place} is {character!r}: a code is plain ASCII without blanks.",
                f"Znak {place} to {character!r}: kod to samo ASCII, bez odstępów.",
            )
    if len(text) > _LONGEST:
        _refuse(
            f"{len(text)} characters are more than a QR code holds.",
            f"{len(text)} znaków nie zmieści się w żadnym kodzie QR.",
        )
    for mark, en, pl in (
        ("%", "percent-encoding", "znaki zapisane przez %"),
        ("?", "a query", "parametry po ?"),
        ("#", "a fragment", "fragment po #"),
    ):
        if mark in text:
            _refuse(
                f"The link has {en}.",
                f"Odnośnik ma {pl}.",
                f"{mark!r} stands in no code of KSeF",
                f"{mark!r} nie występuje w kodach KSeF",
            )
    if text.endswith("/"):
        _refuse("The link ends with a slash.", "Odnośnik kończy się ukośnikiem.")


def _base_of(text: str, known: Sequence[str]) -> str:
    """The base a link begins with: the longest, should one be the beginning of another."""
    for base in known:
        if _BASE.fullmatch(base) is None:
            _refuse(
                f"{base!r} is not where codes can lead.",
                f"{base!r} nie może być adresem kodów.",
                "a base is like https://qr.ksef.mf.gov.pl: lower case, no closing slash",
                "adres wygląda tak: https://qr.ksef.mf.gov.pl, małe litery, bez ukośnika na końcu",
            )
    found = [base for base in known if text.startswith(f"{base}/")]
    if found:
        return max(found, key=len)
    scheme, separator, rest = text.partition("://")
    if not separator:
        _refuse(f"{text!r} is not a link.", f"{text!r} to nie odnośnik.")
    host = f"{scheme}://{rest.partition('/')[0]}"
    _refuse(
        f"This code leads to {host!r}, where no KSeF that is known here has its codes.",
        f"Ten kod prowadzi do {host!r}, a żaden znany tu KSeF nie ma tam kodów.",
        f"known are {', '.join(dict.fromkeys(known))}",
        f"znane są {', '.join(dict.fromkeys(known))}",
    )


def _check_nip(nip: str, checksum: bool) -> None:
    if _NIP.fullmatch(nip) is None:
        _refuse(
            f"{nip!r} is not a NIP.",
            f"{nip!r} to nie NIP.",
            "ten digits without dashes",
            "dziesięć cyfr bez kresek",
        )
    total = sum(int(digit) * weight for digit, weight in zip(nip, _NIP_WEIGHTS, strict=False))
    if checksum and total % 11 != int(nip[9]):
        _refuse(
            f"{nip!r} is not a NIP: its check digit is wrong.",
            f"{nip!r} to nie NIP: cyfra kontrolna się nie zgadza.",
            "one digit is probably mistyped",
            "prawdopodobnie jedna cyfra jest błędna",
        )


def _check_context(type_: str, value: str, checksum: bool) -> ContextType:
    known = get_args(ContextType)
    if type_ not in known:
        meant = next((name for name in known if name.lower() == type_.lower()), "")
        _refuse(
            f"{type_!r} is not a type of context.",
            f"{type_!r} to nie typ kontekstu.",
            f"write {meant}, letter by letter" if meant else f"one of {', '.join(known)}",
            f"napisz {meant}, litera w literę" if meant else f"jeden z {', '.join(known)}",
        )
    match = _CONTEXTS[type_].fullmatch(value)
    if match is None:
        _refuse(f"{value!r} is not a value of {type_}.", f"{value!r} to nie wartość {type_}.")
    if nip := match.groupdict().get("nip"):
        _check_nip(nip, checksum)
    return cast(ContextType, type_)


def _check_digest(digest: str) -> bytes:
    if digest.endswith("="):
        _refuse(
            f"The hash {digest!r} is padded.",
            f"Skrót {digest!r} ma dopełnienie.",
            "KSeF writes it without =",
            "KSeF pisze go bez =",
        )
    if len(digest) != _DIGEST_LENGTH:
        _refuse(
            f"The hash {digest!r} has {len(digest)} characters, not {_DIGEST_LENGTH}.",
            f"Skrót {digest!r} ma {len(digest)} znaków, a nie {_DIGEST_LENGTH}.",
            "SHA-256 in Base64URL, without padding",
            "SHA-256 w Base64URL, bez dopełnienia",
        )
    return decode(digest)


def _read_day(text: str) -> date:
    match = _DAY.fullmatch(text)
    try:
        if match is not None:
            return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        pass  # 31-02-2026
    _refuse(
        f"{text!r} is not a day of the calendar.",
        f"{text!r} to nie dzień z kalendarza.",
        "day-month-year, such as 01-02-2026",
        "dzień-miesiąc-rok, na przykład 01-02-2026",
    )


def _day(day: date) -> str:
    return f"{day.day:02}-{day.month:02}-{day.year:04}"


def string_to_sign(
    base: str, context_type: str, context_value: str, nip: str, serial: str, digest: str
) -> str:
    """KOD II without scheme and signature: what is signed. Rule: qr-offline.md section 3."""
    host = base.partition("://")[2]
    return f"{host}/certificate/{context_type}/{context_value}/{nip}/{serial}/{digest}"
