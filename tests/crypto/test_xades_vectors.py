"""Every file of tests/vectors/xades gets the answer its row in expected.json gives."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from klucznik.crypto.xades import SignatureProblem, verify

FOLDER = Path(__file__).parent.parent / "vectors" / "xades"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
ROOT = "{http://ksef.mf.gov.pl/auth/token/2.0}AuthTokenRequest"
ACCEPTED = sorted(name for name, answer in EXPECTED.items() if answer["code"] == 0)
REFUSED = sorted(name for name, answer in EXPECTED.items() if answer["code"])


def test_every_file_has_its_row_and_there_are_enough() -> None:
    assert {p.name for p in FOLDER.glob("*.xml")} == set(EXPECTED)
    assert len(REFUSED) >= 150
    assert len(ACCEPTED) >= 50


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_ksef_allows_is_accepted(name: str) -> None:
    verified = verify((FOLDER / name).read_bytes(), expect_root=[ROOT])
    assert verified.document.tag == ROOT
    assert verified.document.findtext(".//{*}Nip") == "5265877635"
    assert b"ds:Signature" not in verified.document_bytes
    assert verified.signing_time is not None
    assert verified.form == ("enveloping" if "enveloping" in name else "enveloped")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_hostile_or_broken_is_refused(name: str) -> None:
    answer = EXPECTED[name]
    started = time.perf_counter()
    with pytest.raises(SignatureProblem) as refused:
        verify((FOLDER / name).read_bytes(), expect_root=[ROOT])
    assert time.perf_counter() - started < 0.5
    assert refused.value.code == answer["code"]
    if answer["detail"]:
        assert refused.value.detail == answer["detail"]
    assert (refused.value.detail != "") == (refused.value.code == 9105)
    assert answer["why"] in refused.value.why


def test_nothing_is_fetched() -> None:
    """The files point at port 9 of this machine; here every address is one that listens."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        door.setblocking(False)
        pointing = [n for n in EXPECTED if b"127.0.0.1:9/" in (FOLDER / n).read_bytes()]
        assert len(pointing) >= 6
        for name in pointing:
            data = (FOLDER / name).read_bytes().replace(b"127.0.0.1:9/", f"127.0.0.1:{port}/".encode())
            with pytest.raises(SignatureProblem):  # the changed address breaks even the accepted ones
                verify(data, expect_root=[ROOT])
        with pytest.raises(BlockingIOError):
            door.accept()
