"""Is a UPO genuine, and does it speak of our invoices? Rule: upo.md sections 4 and 7."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from klucznik.crypto import xades
from klucznik.documents.upo.model import LIMIT, NAMESPACE, Upo, UpoDocument
from klucznik.documents.upo.reading import read
from klucznik.errors import Unreadable
from klucznik.lang import in_language, tr
from klucznik.wire import ids

#: What a finding is about: the signature does not hold; the signer is not one of those trusted; a KSeF
#: number is wrong; a hash differs; a document is missing, doubled or not ours; the counts do not agree.
FindingKind = Literal["signature", "signer", "number", "hash", "document", "count"]


@dataclass(frozen=True, slots=True)
class UpoFinding:
    """One thing that is not in order; `message` is for a person."""

    kind: FindingKind
    message: str
    ksef_number: str | None = None


@dataclass(frozen=True, slots=True)
class UpoReport:
    """The verdict on one receipt. `signer` is the subject of the certificate whose signature holds."""

    upo: Upo
    findings: tuple[UpoFinding, ...]
    certificate: x509.Certificate | None = None

    @property
    def in_order(self) -> bool:
        return not self.findings

    @property
    def signature_valid(self) -> bool:
        return self.certificate is not None

    @property
    def signer(self) -> str | None:
        return self.certificate.subject.rfc4514_string() if self.certificate else None


_ROOT: Final = (f"{{{NAMESPACE}}}Potwierdzenie",)


def verify(
    data: bytes,
    *,
    invoice_hashes: Mapping[str, str] | None = None,
    trusted: Collection[x509.Certificate | bytes] | None = None,
) -> UpoReport:
    """Verify a receipt of one invoice, or one page of a session's.

    `invoice_hashes` maps KSeF numbers to the Base64 SHA-256 of what was sent; None compares nothing.
    `trusted` holds certificates, or public keys as DER (SubjectPublicKeyInfo); None trusts any signer
    whose signature holds. Raises `Unreadable` only for what is no UPO at all.
    """
    findings: list[UpoFinding] = []
    certificate = None
    # (1) The signature; what it covers is what is read, nothing around it.
    try:
        verified = xades.verify(data, expect_root=_ROOT, max_bytes=LIMIT)
    except xades.SignatureProblem as problem:
        en, pl = in_language(problem.why, "en"), in_language(problem.why, "pl")
        why = tr(f"the signature does not hold: {en}", f"podpis się nie zgadza: {pl}")
        findings.append(UpoFinding("signature", why))
        upo = read(data)
    else:
        upo = read(verified.document)
        certificate = verified.certificate
        # (2) The signer.
        findings += _signer(verified, trusted)
    # (3) Every document, (4) the counts.
    for document in upo.documents:
        findings += _document(document, invoice_hashes)
    findings += _set(upo, invoice_hashes)
    return UpoReport(upo, tuple(findings), certificate)


def check_pages(pages: Sequence[Upo], successful_invoice_count: int) -> list[UpoFinding]:
    """Whether the pages of a session's receipt are all there and count what the session accepted."""
    numbers = sorted(upo.page.number for upo in pages if upo.page is not None)
    findings = []
    if numbers != list(range(1, len(pages) + 1)) or any(
        upo.page is None or upo.page.pages != len(pages) for upo in pages
    ):
        findings.append(
            UpoFinding("count", tr(f"not all pages: {numbers}", f"nie wszystkie strony: {numbers}"))
        )
    accepted = successful_invoice_count
    counted = sum(len(upo.documents) for upo in pages)
    totals = {upo.page.total for upo in pages if upo.page is not None}
    if counted != accepted or totals != {counted}:
        said = ", ".join(map(str, sorted(totals)))
        findings.append(
            UpoFinding(
                "count",
                tr(
                    f"{counted} documents, the pages say {said}, the session accepted {accepted}",
                    f"{counted} dokumentów, strony mówią {said}, sesja przyjęła {accepted}",
                ),
            )
        )
    return findings


def _signer(
    verified: xades.Verified, trusted: Collection[x509.Certificate | bytes] | None
) -> Iterator[UpoFinding]:
    certificate = verified.certificate
    subject = certificate.subject.rfc4514_string()
    if trusted is not None:
        keys = {key if isinstance(key, bytes) else public_key(key) for key in trusted}
        if public_key(certificate) not in keys:
            yield UpoFinding(
                "signer", tr(f"signed by {subject}, not trusted", f"podpisane przez {subject}, bez zaufania")
            )
    signed = verified.signing_time
    if signed and not certificate.not_valid_before_utc <= signed <= certificate.not_valid_after_utc:
        yield UpoFinding(
            "signer",
            tr(
                f"signed {signed:%Y-%m-%d}, when the certificate was not valid",
                f"podpisane {signed:%Y-%m-%d}, poza okresem ważności certyfikatu",
            ),
        )


def public_key(certificate: x509.Certificate) -> bytes:
    """SubjectPublicKeyInfo as DER: what trust goes by, since a seal's certificate is renewed."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _document(document: UpoDocument, hashes: Mapping[str, str] | None) -> Iterator[UpoFinding]:
    number = document.ksef_number
    try:
        ids.check_ksef_number(number)
    except Unreadable as problem:
        yield UpoFinding("number", problem.message, number)
    if number[:10] != document.seller_nip:
        yield UpoFinding(
            "number",
            tr(
                f"the number is not of seller {document.seller_nip}",
                f"numer nie należy do sprzedawcy {document.seller_nip}",
            ),
            number,
        )
    if hashes is None:
        return
    ours = hashes.get(number)
    if ours is None:
        yield UpoFinding("document", tr("not one of our invoices", "to nie jest nasza faktura"), number)
    elif ours != document.invoice_hash:
        yield UpoFinding(
            "hash",
            tr(
                f"SkrotDokumentu is {document.invoice_hash}, the invoice we sent has {ours}",
                f"SkrotDokumentu to {document.invoice_hash}, wysłana faktura ma {ours}",
            ),
            number,
        )


def _set(upo: Upo, hashes: Mapping[str, str] | None) -> Iterator[UpoFinding]:
    """The documents as a set: no number twice, none missing, as many as the page says."""
    numbers = Counter(document.ksef_number for document in upo.documents)
    for number, times in numbers.items():
        if times > 1:
            yield UpoFinding("document", tr(f"stands {times} times", f"występuje {times} razy"), number)
    page, count = upo.page, len(upo.documents)
    if hashes is not None and (page is None or page.pages == 1):
        for number in hashes.keys() - numbers.keys():
            yield UpoFinding("document", tr("missing from the UPO", "brak w UPO"), number)
    if page is None:
        right = count == 1
    else:
        right = count == page.last - page.first + 1 and page.first >= 1 and page.last <= page.total
        right = right and 1 <= page.number <= page.pages and (page.pages > 1 or count == page.total)
    if not right:
        said = "1" if page is None else f"{page.first}-{page.last}/{page.total}"
        yield UpoFinding(
            "count", tr(f"{count} documents, the UPO says {said}", f"{count} dokumentów, UPO mówi {said}")
        )
