"""What differs between test, demo and prd: who is trusted, what exists, which forms there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from klucznik.cli.cert_new import new
from klucznik.clock import SystemClock
from klucznik.crypto import authority
from klucznik.crypto.certs import Identity
from klucznik.testing import RunningKsef, local_ksef

from .door import Api, new_nip, new_pesel

NOW = SystemClock().now


@pytest.fixture(scope="module", params=["demo", "prd"])
def strict(request: pytest.FixtureRequest) -> Iterator[RunningKsef]:
    with local_ksef(profile=request.param) as running:
        yield running


@pytest.fixture
def api(strict: RunningKsef) -> Iterator[Api]:
    with Api(strict) as door:
        yield door


def test_a_self_signed_certificate_is_refused(api: Api, strict: RunningKsef) -> None:
    nip = new_nip()
    started = api.started(api.post_signed(api.signed(authority.seal("Firma", nip, now=NOW()), ("Nip", nip))))
    assert api.status(started)["status"]["code"] == 460
    (cause,) = strict.why(started.ref)
    assert "trusted" in cause["why"]["en"]
    assert "zaufany" in cause["why"]["pl"]
    # The parameter of TEST weakens nothing here.
    signed = api.signed(authority.seal("Firma", nip, now=NOW()), ("Nip", nip))
    assert api.status(api.started(api.post_signed(signed, chain=False)))["status"]["code"] == 460


def test_a_certificate_of_the_local_qualified_ca_opens_its_context(api: Api) -> None:
    nip = new_nip()
    issuer = api.ksef.keys.qualified
    seal = authority.seal("Firma Ani", nip, now=NOW(), issuer=issuer)
    login = api.enter(seal, ("Nip", nip))
    assert api.call("GET", "/rate-limits", login).status_code == 200
    # Obcy has a good certificate, and no business here.
    obcy = authority.seal("Obcy", new_nip(), now=NOW(), issuer=issuer)
    assert api.attempt(obcy, ("Nip", nip))["code"] == 415
    old = authority.seal("Firma Ani", nip, now=NOW() - timedelta(days=800), issuer=issuer)
    assert api.attempt(old, ("Nip", nip))["code"] == 460


def test_a_seeded_person_enters_demo_and_prd(api: Api, strict: RunningKsef) -> None:
    nip, pesel = new_nip(), new_pesel()
    strict.seed({"persons": [{"nip": nip, "pesel": pesel, "isBailiff": False}]})
    ania = authority.person("Anna", "Testowa", pesel=pesel, now=NOW(), issuer=api.ksef.keys.qualified)
    assert api.attempt(ania, ("Nip", nip))["code"] == 200


@pytest.mark.parametrize("path", ["subject", "person", "permissions", "attachment", "limits/context/session"])
def test_there_is_no_testdata(api: Api, path: str) -> None:
    assert api.call("POST", f"/testdata/{path}", body={}).status_code == 404


@pytest.mark.parametrize(
    ("profile", "form", "status"),
    [
        ("test", ("FA (2)", "1-0E", "FA"), 201),
        ("demo", ("FA (2)", "1-0E", "FA"), 400),
        ("prd", ("FA (2)", "1-0E", "FA"), 400),
        ("prd", ("FA (3)", "1-0E", "FA"), 201),
        ("prd", ("FA_RR (1)", "1-1E", "FA_RR"), 201),
        ("prd", ("FA_RR (1)", "1-0E", "FA_RR"), 400),
        ("test", ("PEF (3)", "2-1", "PEF"), 400),
        ("prd", ("PEF (3)", "2-1", "PEF"), 400),
    ],
)
def test_forms_of_a_profile(profile: Any, form: tuple[str, str, str], status: int) -> None:
    with local_ksef(profile=profile) as running, Api(running) as api:
        nip = new_nip()
        seal = authority.seal("Firma Ani", nip, now=NOW(), issuer=api.ksef.keys.qualified)
        login = api.enter(seal, ("Nip", nip))
        body = {
            "formCode": dict(zip(("systemCode", "schemaVersion", "value"), form, strict=True)),
            "encryption": {
                "encryptedSymmetricKey": "A" * 342 + "==",
                "initializationVector": "A" * 22 + "==",
            },
        }
        assert api.call("POST", "/sessions/online", login, body=body).status_code == status


def test_the_command_issues_from_the_ca_of_the_data_folder(tmp_path: Path) -> None:
    nip, data = new_nip(), tmp_path / "data"
    out = tmp_path / "seal.pem"
    arguments = ["--seal", "--nip", nip, "--out", str(out), "--qualified", "--data", str(data)]
    done = CliRunner().invoke(new, arguments)
    assert done.exit_code == 0, done.output
    with local_ksef(data, profile="prd") as running, Api(running) as api:
        assert api.attempt(Identity.load(out.read_bytes()), ("Nip", nip))["code"] == 200
    # Another folder, another CA.
    with local_ksef(profile="prd") as running, Api(running) as api:
        assert api.attempt(Identity.load(out.read_bytes()), ("Nip", nip))["code"] == 460
    alone = ["--seal", "--nip", nip, "--out", str(out), "--data", str(data)]
    assert CliRunner().invoke(new, alone).exit_code != 0
