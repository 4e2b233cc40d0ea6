"""Who could grant what is missing: a part of the causes of refusals. Rule: permissions.md section 4."""

from __future__ import annotations

from klucznik.lang import both


def who_grants(kind: str, value: str) -> tuple[str, str]:
    """Who gives rights in a context of this type and value, in English and in Polish."""
    company = value[:10]
    if kind == "InternalId":
        return (
            f"an administrator of the unit (CredentialsManage in it) can grant it; {company} appoints one "
            "with POST /permissions/subunits/grants",
            f"może je nadać administrator jednostki (CredentialsManage w niej), którego wyznacza {company} "
            "przez POST /permissions/subunits/grants",
        )
    if kind == "NipVatUe":
        return (
            "an administrator of the EU entity (VatUeManage in it) can grant InvoiceRead and InvoiceWrite; "
            f"{company} appoints administrators with POST /permissions/eu-entities/administration/grants",
            "InvoiceRead i InvoiceWrite może nadać administrator podmiotu unijnego (VatUeManage w nim), "
            f"którego wyznacza {company} przez POST /permissions/eu-entities/administration/grants",
        )
    if kind == "PeppolId":
        return (
            "nothing is granted there: a Peppol provider has PefInvoiceWrite in its own context, no more",
            "tu niczego się nie nadaje: dostawca Peppol ma w swoim kontekście tylko PefInvoiceWrite",
        )
    return (
        "its owner, or anyone with CredentialsManage there, can grant it",
        "może je nadać właściciel albo ktoś z CredentialsManage",
    )


def why_missing(who: str, method: str, wanted: str, kind: str, value: str) -> str:
    """The cause of 403 missing-permissions: what is missing where, and the way to get it.

    `who` is the type of the caller's identifier, never the identifier; `wanted` names the permissions.
    """
    place = f"{kind} {value}"
    if wanted == "VatUeManage" and kind != "NipVatUe":
        return both(
            f"VatUeManage is held in a context of type NipVatUe only: log in to {value[:10]}-<VAT UE>",
            f"VatUeManage ma się tylko w kontekście typu NipVatUe: zaloguj się do {value[:10]}-<VAT UE>",
        )
    if method == "Token":
        return both(
            f"this KSeF token is good for none of {wanted} in {place}: it was generated without, or its "
            "author holds it no longer; a token cannot be changed, generate one that carries it",
            f"ten token KSeF nie daje żadnego z uprawnień {wanted} w {place}: wygenerowano go bez nich albo "
            "autor już ich nie ma; tokena nie da się zmienić, wygeneruj nowy, który je zawiera",
        )
    en, pl = who_grants(kind, value)
    return both(
        f"this {who} holds none of {wanted} in {place}; {en}; what was granted after the login counts after "
        "POST /auth/token/refresh",
        f"ten {who} nie ma żadnego z uprawnień {wanted} w {place}; {pl}; uprawnienia nadane po zalogowaniu "
        "działają po POST /auth/token/refresh",
    )
