"""X-System-Warning: what production lets through, and says so; elsewhere it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from klucznik.crypto import authority
from klucznik.crypto.xades_algorithms import DS, ENVELOPED, EXCLUSIVE
from klucznik.documents.auth_request import AuthTokenRequest
from klucznik.server.warn import Warned, header
from klucznik.testing import RunningKsef, local_ksef
from vectors.xades.make import PROPERTIES, WHOLE, Forgery, transform

from .desk import Desk, desk_at
from .door import Api, new_nip, refusal

PROFILES: Any = ["test", "demo", "prd"]
SIG_001 = "[sig-001]: Format podpisu niezgodny z akceptowanymi profilami XAdES"


def _login(api: Api, running: RunningKsef, **odd: Any) -> Any:
    """The answer to a login whose signature is odd in some way."""
    nip = new_nip()
    seal = authority.seal("Firma Ani", nip, now=running.ksef.clock.now(), issuer=running.ksef.keys.qualified)
    document = AuthTokenRequest(api.challenge()["challenge"], "Nip", nip).to_xml().decode()
    return api.post_signed(Forgery(seal, document=document, **odd).make())


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "odd",
    [{"references": [WHOLE]}, {"signing_certificate": ""}],
    ids=["plain XMLDSig", "no SigningCertificate"],
)
def test_a_signature_that_is_no_xades(profile: Any, odd: dict[str, Any]) -> None:
    with local_ksef(profile=profile) as running, Api(running) as api:
        answer = _login(api, running, **odd)
        if profile == "prd":
            assert answer.headers["x-system-warning"] == SIG_001
            login = api.started(answer)
            status = api.call("GET", f"/auth/{login.ref}", login.authentication)
            assert "x-system-warning" not in status.headers
            assert api.status(login)["status"]["code"] == 200
        else:
            refused = refusal(answer)
            assert (refused.code, refused.details) == (
                9105,
                ["Format podpisu niezgodny z akceptowanymi profilami XAdES."],
            )
            assert "x-system-warning" not in answer.headers
        assert "x-system-warning" not in _login(api, running).headers


def test_what_production_tolerates_has_to_be_signed_all_the_same() -> None:
    with local_ksef(profile="prd") as running, Api(running) as api:
        for odd in (
            {"references": [WHOLE], "value": lambda signed: bytes(64)},
            {"references": [PROPERTIES]},
            {"references": [WHOLE], "after": lambda signed: signed.replace(b"<Nip>", b"<Nip> ")},
        ):
            assert refusal(_login(api, running, **odd)).code == 9105


@pytest.mark.parametrize("profile", PROFILES)
def test_sha_1_is_refused_by_production_alone(profile: Any) -> None:
    weak = type(WHOLE)("", [transform(ENVELOPED), transform(EXCLUSIVE)], digest=f"{DS}sha1")
    with local_ksef(profile=profile) as running, Api(running) as api:
        answer = _login(api, running, references=[weak, PROPERTIES])
        if profile == "prd":
            refused = refusal(answer)
            assert (refused.code, refused.details) == (
                9105,
                ["Podpis złożony z użyciem niewspieranego algorytmu kryptograficznego."],
            )
        else:
            assert answer.status_code == 202


def _odd_invoice(desk: Desk) -> tuple[dict[str, Any], str | None]:
    """An invoice with U+0086 in it: its status, and the warning beside it."""
    ania = desk.firm()
    session = ania.open()
    odd = ania.invoice("FV/1").replace(b"<SystemInfo>", "<SystemInfo>\x86".encode())
    ref = ania.send(session, odd)
    ania.outcome(session, ref)
    answer = ania.call("GET", f"/sessions/{session.ref}/invoices/{ref}")
    found: dict[str, Any] = answer.json()
    plain = ania.send(session, ania.invoice("FV/2"))
    ania.outcome(session, plain)
    quiet = ania.call("GET", f"/sessions/{session.ref}/invoices/{plain}")
    assert "x-system-warning" not in quiet.headers
    return found, answer.headers.get("x-system-warning")


def test_discouraged_characters_are_accepted_by_production_with_a_warning() -> None:
    with desk_at(profile="prd") as desk:
        found, warning = _odd_invoice(desk)
        assert found["status"]["code"] == 200
        assert warning == (
            f"[xml-002]: Faktura o numerze KSeF {found['ksefNumber']} zawiera niedozwolone znaki Unicode, "
            "ktore po 16.07.2026 beda odrzucane."
        )


@pytest.mark.parametrize("profile", ["test", "demo"])
def test_discouraged_characters_are_refused_elsewhere(profile: Any) -> None:
    with desk_at(profile=profile) as desk:
        found, warning = _odd_invoice(desk)
        assert (found["status"]["code"], warning) == (450, None)


def test_several_warnings_are_one_line_of_ascii() -> None:
    told = header([Warned("a-1", "Zażółć gęślą jaźń"), Warned("b-2", "jedno | drugie – €")])
    assert told == "[a-1]: Zazolc gesla jazn | [b-2]: jedno / drugie ? ?"
