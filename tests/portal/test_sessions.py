"""Historia sesji: followed, filtered, ended, with UPO; and who sees which."""

from __future__ import annotations

from klucznik.client import batch, security, sending, sessions
from klucznik.client.flow import Flow, ask
from klucznik.crypto import envelope
from klucznik.testing import RunningKsef
from klucznik.wire.security import PublicKeyCertificateUsage

from .furnished import client_of
from .issuing import BUYER, issue, sample, session_of, today
from .person import Visitor, employee


def opened() -> Flow[str]:
    """An online session that nothing was sent in."""
    public_key = yield from security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption)
    key, iv = envelope.new_session_key()
    with key.reveal() as plain:
        sealed = security.wrap(plain, public_key)
    call = sessions.open_online(sending.FA3, key, iv, sealed, public_key.public_key_id)
    return (yield from ask(call)).reference_number


def test_introspection_sees_the_sessions_of_all(running: RunningKsef, ania: Visitor, biuro: Visitor) -> None:
    session = session_of(issue(ania, number="FV/seen"))
    assert session not in biuro.get("/sessions"), "InvoiceWrite sees one's own alone"
    with employee(running, ania.nip, "Introspection") as auditor:
        assert session in auditor.get("/sessions")
        assert "FV/seen" in auditor.get(f"/sessions/{session}")


def test_a_session_is_ended_after_a_question(ania: Visitor) -> None:
    with client_of(ania) as ksef:
        session = ksef.run(opened())
    assert f"/web/sessions/{session}/close" in ania.get(f"/sessions/{session}")
    assert "End this session?" in ania.get(f"/sessions/{session}/close")
    assert ania.http.post(f"/sessions/{session}/close", data={}).status_code == 403
    assert ">100<" in ania.get(f"/sessions/{session}"), "still open"
    page = ania.post(f"/sessions/{session}/close")
    assert "The session is closed" in page
    assert "not open any more" in ania.get(f"/sessions/{session}/close")
    assert "Why:" in ania.post(f"/sessions/{session}/close"), "closed twice: refused, with its cause"


def test_sessions_are_filtered(ania: Visitor) -> None:
    session = session_of(issue(ania, number="FV/filter"))
    for query in ("", "?kind=Online", "?group=Succeeded", f"?first={today()}", f"?number={session}"):
        assert session in ania.get(f"/sessions{query}"), query
    for query in ("?kind=Batch", "?group=Failed", "?group=Cancelled", "?last=2026-01-01"):
        assert session not in ania.get(f"/sessions{query}"), query
    assert "no date" in ania.get("/sessions?first=soon", 400)
    assert "no number of a session" in ania.get("/sessions?number=12", 400)


def test_a_batch_session_has_its_place(ania: Visitor) -> None:
    with client_of(ania) as ksef:
        documents = [sample(ania.nip, BUYER, f"B/{at}") for at in range(3)]
        session = ksef.run(batch.send(documents)).session
        status = ksef.call(sessions.status(session))
    assert status.status.code == 200
    assert session in ania.get("/sessions?kind=Batch")
    page = ania.get(f"/sessions/{session}")
    assert "Batch session" in page
    assert page.count('scope="row"') == 3
