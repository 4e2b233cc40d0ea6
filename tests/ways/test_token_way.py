"""A token: issued with a certificate, kept in a vault, tested, used, revoked, refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from klucznik.client import auth, claims, doctor, tokens
from klucznik.client.journal import MemoryJournal
from klucznik.client.ksef import AsyncKsef, Ksef
from klucznik.client.sending import Document, send_and_wait
from klucznik.errors import Refused
from klucznik.testing import RunningKsef
from klucznik.vault.entries import Entry
from klucznik.vault.keys import KeyFile
from klucznik.vault.vault import Vault
from klucznik.wire.endpoint import Call

from .conftest import Person, invoice

BOTH = ("InvoiceRead", "InvoiceWrite")


def test_from_issue_to_refusal(running: RunningKsef, ania: Person, tmp_path: Path) -> None:
    issued = ania.ksef.run(tokens.generate_and_wait(BOTH, "ERP of Ania"))
    reference = issued.reference_number
    entry = Entry("local", ania.nip, "erp", "ksef-token")
    with Vault.create(tmp_path / "vault.db", KeyFile.create(tmp_path / "vault.key")) as vault:
        vault.put(entry, issued.token, note={"reference": reference})

    with (
        Vault.open(tmp_path / "vault.db", KeyFile(tmp_path / "vault.key")) as vault,
        Ksef(running.url) as erp,
    ):
        ksef_token = vault.use(vault.find("local", ania.nip))
        login = auth.login_with_token(ksef_token)
        findings = erp.run(doctor.examine(login, token_reference=reference, wanted=BOTH))
        assert {finding.level for finding in findings} == {"ok"}

        erp.run(auth.login_with_token(ksef_token))
        assert erp.credentials.access_token
        held = claims.read(erp.credentials.access_token.token)
        assert held.context_value == ania.nip
        assert sorted(held.permissions or ()) == sorted(BOTH)
        (seen,) = ania.ksef.run(tokens.list_all(description="ERP of Ania"))
        assert (seen.reference_number, seen.status) == (reference, "Active")
        assert seen.last_use_date

        ania.ksef.run(tokens.revoke_and_wait(reference))
        with pytest.raises(Refused) as refused:
            erp.run(auth.login_with_token(ksef_token))
        assert refused.value.code == 450
        assert "Token unieważniony" in refused.value.details
        assert refused.value.hint
        findings = erp.run(doctor.examine(auth.login_with_token(ksef_token), token_reference=reference))
        assert "login" in {finding.name for finding in findings if finding.level == "fail"}


def test_the_asynchronous_client_goes_the_same_way(running: RunningKsef, ania: Person) -> None:
    async def way() -> str:
        async with AsyncKsef(running.url) as owner, AsyncKsef(running.url) as erp:
            await owner.run(auth.login_with_identity("Nip", ania.nip, ania.identity))
            issued = await owner.run(tokens.generate_and_wait(BOTH, "ERP of Ania, async"))
            await erp.run(auth.login_with_token(issued.token))
            item = await erp.call(tokens.read(issued.reference_number))
            assert item.status == "Active"
            await erp.run(tokens.revoke_and_wait(issued.reference_number))  # its own token: no right needed
            with pytest.raises(Refused) as refused:
                await erp.run(auth.login_with_token(issued.token))
            return " ".join(refused.value.details)

    assert "Token unieważniony" in asyncio.run(way())


def test_biuro_passes_on_no_more_than_it_holds(running: RunningKsef, biuro: Person) -> None:
    with pytest.raises(Refused) as refused:
        biuro.ksef.call(tokens.generate(["InvoiceRead", "CredentialsManage"], "more than held"))
    assert refused.value.code == 26001
    issued = biuro.ksef.run(tokens.generate_and_wait(["InvoiceRead"], "reads for the office"))
    with Ksef(running.url) as reader:
        reader.run(auth.login_with_token(issued.token))
        # A token that only reads opens no session.
        document = Document("one", invoice(biuro, "1111111111", "BIURO/1"))
        with pytest.raises(Refused) as forbidden:
            reader.run(send_and_wait([document], MemoryJournal()))
        assert forbidden.value.status == 403


def test_what_obcy_gets(running: RunningKsef, ania: Person, obcy: Person) -> None:
    issued = ania.ksef.run(tokens.generate_and_wait(["InvoiceRead"], "ERP of Ania"))
    reference = issued.reference_number
    # (1) Ania's token is no token of his: not to read, not to revoke, not in his list.
    looks: list[Call[Any]] = [tokens.read(reference), tokens.revoke(reference)]
    for look in looks:
        with pytest.raises(Refused) as refused:
            obcy.ksef.call(look)
        assert (refused.value.status, refused.value.code) == (400, 21405)
        assert "ERP of Ania" not in str(refused.value)
    assert reference not in {item.reference_number for item in obcy.ksef.run(tokens.list_all())}
    assert ania.ksef.call(tokens.read(reference)).status == "Active"
    with Ksef(running.url) as stranger:
        # (2) His own certificate opens no door in her context.
        with pytest.raises(Refused) as refused:
            stranger.run(auth.login_with_identity("Nip", ania.nip, obcy.identity))
        assert refused.value.code == 415
        # (3) Her token, found by him, opens none in his.
        with pytest.raises(Refused) as refused:
            stranger.run(auth.login_with_token(issued.token, obcy.nip))
        assert refused.value.code == 450
        # (4) Nor may anybody ask who is not logged in.
        with pytest.raises(Refused) as refused:
            stranger.call(tokens.read(reference))
        assert refused.value.status == 401
