"""The way in: hosts, paths, methods, bodies, and what HTTP lets through. Rules: reliability.md C 102-106."""

from __future__ import annotations

import json
import logging
import re
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from klucznik.crypto import authority
from klucznik.server.serve import allow_many_connections, bind
from klucznik.testing import local_ksef
from klucznik.wire.endpoint import ROWS, Endpoint

from .door import Api, Login, Person, employee, firm, new_nip, new_pesel, refusal


def _raw(api: Api, request: bytes) -> bytes:
    """Send bytes as they are, read until the server closes."""
    where = urlsplit(api.running.url)
    assert where.hostname
    with closing(socket.create_connection((where.hostname, where.port or 80), timeout=20)) as line:
        line.sendall(request)
        received = b""
        while chunk := line.recv(65536):
            received += chunk
    return received


def _post(path: str, body: bytes, *headers: str, host: str = "127.0.0.1") -> bytes:
    lines = [f"POST /v2{path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


# ---- hosts, paths, methods


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("127.0.0.1", True),
        ("localhost:1234", True),
        ("[::1]:8090", True),
        ("[::1]", True),
        ("[::1", False),
        ("::1", False),
        ("[127.0.0.1]", False),
        ("[::1]8090", False),
        ("localhost:999999", False),
        ("api.ksef.test", True),
        ("KSEF.LOCALHOST", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example:127.0.0.1", False),
        ("169.254.169.254", False),
        ("localhost@evil.example", False),
        ("a b", False),
        ("", False),
    ],
)
def test_only_hosts_of_this_machine_are_served(both: Api, host: str, served: bool) -> None:
    answer = _raw(both, _post("/auth/challenge", b"", "Content-Length: 0", host=host))
    assert answer.startswith(b"HTTP/1.1 200" if served else b"HTTP/1.1 400"), answer


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/auth",
        "/auth/",
        "/auth//",
        "/auth/challenge//",
        "//auth/challenge",
        "/auth/challenge/more",
        "/AUTH/challenge",
        "/../v2/auth/challenge",
        "/auth%2Fchallenge",
    ],
)
def test_what_is_no_operation_is_not_found(both: Api, path: str) -> None:
    answer = _raw(both, _post(path, b"{}", "Content-Length: 2", "X-Error-Format: problem-details"))
    assert answer.startswith(b"HTTP/1.1 404"), answer
    assert b"application/problem+json" in answer


def test_a_trailing_slash_is_forgiven(api: Api) -> None:
    assert api.call("POST", "/auth/challenge/").status_code == 200


def test_another_prefix_is_not_ours(api: Api) -> None:
    for path in ("/", "/auth/challenge", "/v1/auth/challenge", "/v2"):
        assert api.http.post(api.running.url.removesuffix("/v2") + path).status_code == 404


def test_health_is_told(api: Api) -> None:
    answer = api.http.get(api.running.url.removesuffix("/v2") + "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"])
def test_a_wrong_method_is_not_allowed(both: Api, method: str) -> None:
    assert both.call(method, "/auth/challenge").status_code == 405


def test_no_web_page_gets_leave(api: Api) -> None:
    answer = api.call("POST", "/auth/challenge", headers={"Origin": "http://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


# ---- bodies


def test_a_body_survives_a_wish_for_h2c(api: Api, ania: Person) -> None:
    """The official Java client sends these headers with every call."""
    body = json.dumps({"permissions": ["InvoiceRead"], "description": "sent by Java"}).encode()
    answer = _raw(
        api,
        b"\r\n".join(
            [
                b"POST /v2/tokens HTTP/1.1",
                b"Host: 127.0.0.1",
                b"Connection: Upgrade, HTTP2-Settings, close",
                b"Upgrade: h2c",
                b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
                f"Authorization: Bearer {ania.login.access}".encode(),
                b"Content-Type: application/json",
                f"Content-Length: {len(body)}".encode(),
                b"",
                body,
            ]
        ),
    )
    assert answer.startswith(b"HTTP/1.1 202"), answer
    assert api.call("GET", "/tokens", ania.login).json()["tokens"][0]["description"] == "sent by Java"


def test_a_body_may_come_in_chunks(api: Api, ania: Person) -> None:
    body = json.dumps({"permissions": ["InvoiceRead"], "description": "in chunks"}).encode()

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    headers = {"Authorization": f"Bearer {ania.login.access}", "Content-Type": "application/json"}
    answer = api.http.post("/tokens", content=chunks(), headers=headers)
    assert answer.status_code == 202


def test_a_body_that_is_too_large_is_refused(both: Api) -> None:
    person = firm(both)
    large = b'{"description": "' + b"x" * 2_000_001 + b'"}'
    for path, bearer in (("/tokens", person.login), ("/auth/ksef-token", None), ("/nothing", None)):
        answer = both.call("POST", path, bearer, content=large)
        assert answer.status_code == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    answer = both.http.post(
        "/auth/ksef-token", content=chunks(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert both.call("GET", "/rate-limits", person.login).status_code == 200


def test_401_is_heard_over_a_large_body(both: Api) -> None:
    assert both.call("POST", "/tokens", content=b"x" * 5_000_000).status_code == 401


@pytest.mark.parametrize(
    "media",
    ["application/xml", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"],
)
def test_only_json_is_read(both: Api, media: str) -> None:
    person = firm(both)
    answer = both.call("POST", "/tokens", person.login, content=b"{}", headers={"Content-Type": media})
    assert answer.status_code == 415
    # A call without a body does not mind what its type is said to be.
    challenge = both.call("POST", "/auth/challenge", content=b"", headers={"Content-Type": media})
    assert challenge.status_code == 200


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "application/problem+json"])
def test_json_goes_by_several_names(api: Api, ania: Person, media: str) -> None:
    body = json.dumps({"permissions": ["InvoiceRead"], "description": "by any name"}).encode()
    headers = {"Content-Type": media}
    assert api.call("POST", "/tokens", ania.login, content=body, headers=headers).status_code == 202


@pytest.mark.parametrize("media", ["", None])
def test_a_body_of_no_type_is_not_read(both: Api, media: str | None) -> None:
    """A web page may send one to any address without being asked whether it may (CORS)."""
    nip = new_nip()
    body = json.dumps({"contextIdentifier": {"type": "Nip", "value": nip}}).encode()
    headers = {} if media is None else {"Content-Type": media}
    assert both.call("POST", "/testdata/context/block", content=body, headers=headers).status_code == 415


VALID = b'"permissions": ["InvoiceRead"], "description": "a token"'
ODD_JSON = {
    "empty": b"",
    "blank": b"  ",
    "cut off": b'{"permissions": [',
    "not JSON": b"permissions=InvoiceRead",
    "NaN": b'{%b, "x": NaN}' % VALID,
    "Infinity": b'{%b, "x": [-Infinity]}' % VALID,
    "1e999 for text": b'{"permissions": ["InvoiceRead"], "description": 1e999}',
    "deep list": b'{"x": ' + b"[" * 10_000,
    "deep object": b'{"x":' * 10_000,
    "lone surrogate": b'{"permissions": ["InvoiceRead"], "description": "abcde\\ud800"}',
    "raw control": b'{"permissions": ["InvoiceRead"], "description": "abcde\x01"}',
    "not UTF-8": b'{"permissions": ["InvoiceRead"], "description": "abcde\xff"}',
    "UTF-16": '{"permissions": ["InvoiceRead"], "description": "abcde"}'.encode("utf-16"),
    "a BOM": b"\xef\xbb\xbf{%b}" % VALID,
    "comments": b"{%b /* x */}" % VALID,
    "single quotes": b"{'permissions': []}",
    "trailing comma": b"{%b,}" % VALID,
    "two objects": b"{%b}{%b}" % (VALID, VALID),
    "null": b"null",
    "true": b"true",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"1",
}


@pytest.mark.parametrize("kind", ODD_JSON)
def test_unreadable_json_is_21001(both: Api, kind: str) -> None:
    person = firm(both)
    answer = both.call(
        "POST", "/tokens", person.login, content=ODD_JSON[kind], headers={"Content-Type": "application/json"}
    )
    found = refusal(answer)
    assert (found.code, found.description) == (21001, "Nieczytelna treść.")
    assert found.details


def test_unknown_properties_are_ignored(api: Api, ania: Person) -> None:
    body = b'{%b, "somethingNew": {"a": [1, 2.5, null, true]}, "NaN": "NaN"}' % VALID
    headers = {"Content-Type": "application/json"}
    assert api.call("POST", "/tokens", ania.login, content=body, headers=headers).status_code == 202


def test_all_faults_of_a_body_stand_in_one_entry(both: Api) -> None:
    answer = both.call("POST", "/testdata/person", body={"nip": "1", "pesel": "2"})
    found = refusal(answer)
    assert found.code == 21405
    assert len(found.details) >= 4


def test_too_many_parameters_are_refused(both: Api) -> None:
    person = firm(both)
    query = "&".join(f"a{number}=1" for number in range(300))
    assert refusal(both.call("GET", f"/tokens?{query}", person.login)).code == 21405


def test_a_secret_in_a_wrong_body_is_not_repeated(both: Api) -> None:
    canary = "0123456789abcdef" * 4
    for body in (
        {
            "challenge": canary,
            "encryptedToken": canary,
            "contextIdentifier": {"type": canary, "value": canary},
        },
        {"challenge": {"token": canary}},
    ):
        answer = both.call("POST", "/auth/ksef-token", body=body)
        assert answer.status_code == 400
        assert canary not in answer.text


# ---- what HTTP lets through


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """asyncio switches Nagle's delay off only where a socket says that it speaks TCP."""
    with closing(bind("127.0.0.1", 0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP


ODD_REQUESTS = {
    "lying length": b"POST /v2/auth/challenge HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /v2/auth/challenge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nxx",
    "odd coding": b"POST /v2/auth/challenge HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
    "no host": b"POST /v2/auth/challenge HTTP/1.1\r\n\r\n",
    "two hosts": b"POST /v2/auth/challenge HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
    "NUL in a header": b"POST /v2/auth/challenge HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
    "a bare line": b"hello\r\n\r\n",
    "length and chunks": b"POST /v2/auth/challenge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a huge header": b"POST /v2/auth/challenge HTTP/1.1\r\nHost: localhost\r\nX: "
    + b"x" * 200_000
    + b"\r\n\r\n",
    "bad chunk": b"POST /v2/auth/ksef-token HTTP/1.1\r\nHost: localhost\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
}


@pytest.mark.parametrize("kind", ODD_REQUESTS)
def test_odd_http_is_answered_with_400_and_closed(api: Api, kind: str) -> None:
    try:
        answer = _raw(api, ODD_REQUESTS[kind])
    except ConnectionResetError:  # closed over what it had not read
        answer = b""
    assert answer.startswith(b"HTTP/1.1 400") or not answer
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert api.call("POST", "/auth/challenge").status_code == 200


def test_a_client_that_hangs_up_leaves_nothing_behind(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    where = urlsplit(api.running.url)
    for request in (
        b"POST /v2/auth/ksef-token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
        b"POST /v2/auth/challenge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ):
        with closing(socket.create_connection((where.hostname or "", where.port or 80))) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST
            line.sendall(request)
    assert api.call("POST", "/auth/challenge").status_code == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_system_warning_is_echoed_on_test(api: Api) -> None:
    answer = api.call("POST", "/auth/challenge", headers={"X-Test-System-Warning": "[sig-001]: test"})
    assert answer.headers["x-system-warning"] == "[sig-001]: test"
    # On what went well, and on test alone (auth.md section 8).
    refused = api.call("GET", "/tokens", headers={"X-Test-System-Warning": "[sig-001]: test"})
    assert refused.status_code == 401
    assert "x-system-warning" not in refused.headers
    with local_ksef(profile="demo") as demo, Api(demo) as other:
        answer = other.call("POST", "/auth/challenge", headers={"X-Test-System-Warning": "[sig-001]: test"})
        assert "x-system-warning" not in answer.headers


def test_an_empty_answer_has_no_type_and_a_wrong_method_names_the_right_ones(api: Api, ania: Person) -> None:
    answer = api.call("DELETE", "/auth/sessions/current", ania.login)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert api.call("PATCH", "/tokens").headers["allow"] == "GET, POST"


def test_the_old_envelope_writes_its_instant_with_z(api: Api) -> None:
    """Observed in live bodies (auth.md section 4); problem details write +00:00."""
    old = api.call("POST", "/auth/ksef-token", body={}).json()["exception"]["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", old)
    headers = {"X-Error-Format": "problem-details"}
    new = api.call("POST", "/auth/ksef-token", body={}, headers=headers).json()["timestamp"]
    assert new.endswith("+00:00")


@pytest.mark.parametrize("size", ["1_0", "10.0", " 10", "١٠", "1e1", ""])
def test_numbers_in_an_address_are_plain_digits(both: Api, size: str) -> None:
    person = firm(both)
    answer = both.call("GET", "/auth/sessions", person.login, params={"pageSize": size})
    assert refusal(answer).code == 21001


def test_a_line_of_the_log_is_one_line_and_names_nobody(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "klucznik.ksef")
    api.call("GET", "/tokens/a%0d%0aINFO%20forged%00%1b[31m")
    api.call("GET", "/tokens/90010112345")
    lines = [record.getMessage() for record in caplog.records if record.name == "klucznik.ksef"]
    assert any("forged" in line for line in lines)
    assert all(line.isprintable() for line in lines)
    assert "90010112345" not in caplog.text


def test_a_person_is_not_named_in_the_log(
    api: Api, ania: Person, biuro: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stranger = new_pesel()
    identity = authority.person("Jan", "Nieznany", pesel=stranger, now=api.ksef.clock.now())
    started = api.started(api.post_signed(api.signed(identity, ania.context)))
    assert api.status(started)["status"]["code"] == 415
    assert api.call("POST", "/auth/token/redeem", started.authentication).status_code == 400
    token_only = employee(api, ania.nip, "CredentialsRead")
    assert api.call("POST", "/invoices/query/metadata", token_only.login, body={}).status_code == 403
    for pesel in (stranger, biuro.subject[1], token_only.subject[1]):
        assert pesel not in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_thousand_connections_fit_where_the_system_allows_them() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
        allow_many_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(16_384, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_slow_clients_do_not_keep_others_waiting(api: Api) -> None:
    """Half of them in the middle of their headers, half in the middle of a body (reliability.md C 103)."""
    where = urlsplit(api.running.url)
    head = b"POST /v2/auth/ksef-token HTTP/1.1\r\nHost: localhost\r\n"
    with ExitStack() as lines:
        for number in range(200):
            line = socket.create_connection((where.hostname or "", where.port or 80))
            lines.enter_context(closing(line))
            line.sendall(head + (b"" if number % 2 else b"Content-Length: 100\r\n\r\n{"))
        for _ in range(20):
            assert api.call("POST", "/auth/challenge").status_code == 200


def test_a_stop_answers_who_is_still_talking(tmp_path: Path) -> None:
    """A body that never ends does not keep the server, and its sender hears why."""
    with local_ksef(tmp_path) as running, Api(running) as api:
        where = urlsplit(running.url)
        line = socket.create_connection((where.hostname or "", where.port or 80), timeout=20)
        line.sendall(_post("/auth/ksef-token", b"{", "Content-Type: application/json", "Content-Length: 9"))
        assert api.call("POST", "/auth/challenge").status_code == 200
    with closing(line):
        assert line.recv(65536).startswith(b"HTTP/1.1 503")


# ---- never a 500


ROOM = [
    row
    for row in ROWS.values()
    if row.path.startswith(("/auth", "/tokens", "/testdata", "/limits", "/rate-limits", "/security"))
]

ODD_VALUES: list[Any] = [
    None, True, -1, 0, 2**63, 1.5, "", " ", "x" * 5000, "\u0661" * 10, "\0", "🙂" * 50, "' OR 1=1 --",
    [], [None], [[]], {}, {"a": {}}, "2025-13-45T99:99:99Z", "0001-01-01T00:00:00+00:00",
    "0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "2025-01-01T00:00:00+99:99",
]  # fmt: skip


def _samples() -> dict[str, Any]:
    nip = new_nip()
    context = {"type": "Nip", "value": nip}
    return {
        "/auth/ksef-token": {
            "challenge": "20250101-CR-0000000000-0000000000-00",
            "contextIdentifier": context,
            "encryptedToken": "AAAA",
            "publicKeyId": "A" * 43 + "=",
            "authorizationPolicy": {"allowedIps": {"ip4Addresses": ["1.2.3.4"], "ip4Masks": ["1.2.3.4/5"]}},
        },
        "/tokens": {"permissions": ["InvoiceRead"], "description": "a token"},
        "/testdata/subject": {
            "subjectNip": nip,
            "subjectType": "JST",
            "description": "an entity",
            "createdDate": "2025-01-01T00:00:00Z",
            "subunits": [{"subjectNip": new_nip(), "description": "a unit"}],
        },
        "/testdata/person": {
            "nip": nip,
            "pesel": "80010112345",
            "isBailiff": True,
            "isDeceased": False,
            "description": "a person",
            "createdDate": "2025-01-01T00:00:00Z",
        },
        "/testdata/permissions": {
            "contextIdentifier": context,
            "authorizedIdentifier": context,
            "permissions": [{"permissionType": "InvoiceRead", "description": "a grant"}],
        },
        "/testdata/permissions/revoke": {"contextIdentifier": context, "authorizedIdentifier": context},
        "/testdata/context/block": {"contextIdentifier": context},
        "/testdata/context/unblock": {"contextIdentifier": context},
        "/testdata/subject/remove": {"subjectNip": nip},
        "/testdata/person/remove": {"nip": nip},
    }


def _twisted(value: Any) -> Iterator[Any]:
    """Every body that differs from a good one in one place."""
    yield from ODD_VALUES
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: other for key, other in value.items() if key != name}
            for odd in _twisted(inner):
                yield {**value, name: odd}
    elif isinstance(value, list):
        for odd in _twisted(value[0]):
            yield [odd]


def _bearer(login: Login, row: Endpoint[Any]) -> str | None:
    kinds = {"authentication": login.authentication, "refresh": login.refresh, "anonymous": None}
    return kinds.get(row.bearer, login.access)


@pytest.mark.parametrize("row", ROOM, ids=repr)
def test_no_body_and_no_parameter_makes_the_server_fail(
    api: Api, ania: Person, row: Endpoint[Any], caplog: pytest.LogCaptureFixture
) -> None:
    bearer = _bearer(ania.login, row)
    path = row.path.replace("{referenceNumber}", ania.login.ref)
    sample = _samples().get(row.path)
    if row.takes is not None:
        for body in _twisted(sample):
            answer = api.call(row.method, path, bearer, content=json.dumps(body).encode())
            assert answer.status_code in (200, 202, 400, 415), (body, answer.text)
        for raw in ODD_JSON.values():
            for media in ("application/json", "application/xml"):
                answer = api.call(row.method, path, bearer, content=raw, headers={"Content-Type": media})
                # A body that may be left out is; one of optional properties has none of these.
                harmless = raw in (b"", ODD_JSON["1e999 for text"]) and not row.body_required
                allowed = {400, 415} | ({row.status} if harmless else set())
                assert answer.status_code in allowed, (raw, answer.text)
    if "{" in row.path:
        for odd in ("%00", "%ff", "%F0%9F%99%82", "'--", "..", "a%2Fb", "x" * 3000, "%0d%0aX:1"):
            answer = api.call(row.method, row.path.replace("{referenceNumber}", odd), bearer)
            assert answer.status_code in (400, 404), (odd, answer.text)
    if row.query is not None:
        for name in row.query.model_fields.values():
            for odd in (
                "",
                "x",
                "-1",
                "0",
                "1e400",
                "%00",
                "\u0661\u0662",
                "x" * 3000,
                "2**31",
                "99999999999999999999",
            ):
                answer = api.call(row.method, path, bearer, params={name.alias or "": odd}, content=b"")
                assert answer.status_code < 500, (name, odd, answer.text)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
