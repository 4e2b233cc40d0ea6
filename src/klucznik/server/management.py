"""The management door: on a port of its own, loopback only, for tests and for the curious.

JSON content type is demanded of anything with a body, the Host list is the API's, and there is no CORS:
no web page gets an answer. What each path does: docs/management.md.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Protocol, Self
from urllib.parse import parse_qsl, unquote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from sqlalchemy import Connection, func, select

from klucznik.server import contexts, latarnia, moved, people, world
from klucznik.server.app import Receive, Scope, Send
from klucznik.server.faults import Script
from klucznik.server.hosts import host_allowed
from klucznik.server.keyring import OVERLAP, USAGES, Rotation, ring, rotate
from klucznik.server.local import LocalKsef
from klucznik.server.rights import Subject
from klucznik.server.scenario import Scenario
from klucznik.server.tables import instant, invoices, ksef_tokens
from klucznik.server.token_policy import LONGEST_DAYS, Policy
from klucznik.server.work import STEPS
from klucznik.wire.base import wire_time
from klucznik.wire.security import PublicKeyCertificateUsage

_LARGEST_BODY: Final = 10_000_000
#: Who may be asked about at /contexts.
_SUBJECTS: Final = ("Nip", "Pesel", "Fingerprint", "PeppolId")


class Refused(Exception):
    """The door says no: an HTTP status and a sentence."""

    def __init__(self, status: int, sentence: str, allow: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.allow = allow


@dataclass(frozen=True)
class Knock:
    """One request at the door."""

    ksef: LocalKsef
    rest: str  # what stands behind the path's name: the key of /why/{key}
    query: Mapping[str, str]
    body: Any  # JSON, None without


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class _Clock(_Body):
    """`at` an instant, or `advance` by seconds or by parts of a timedelta; then `freeze` or run."""

    at: AwareDatetime | None = None
    advance: float | dict[str, float] | None = None
    freeze: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.at is not None and self.advance is not None:
            raise ValueError("at and advance exclude each other")
        if self.at is None and self.advance is None and self.freeze is None:
            raise ValueError("give at, advance or freeze")
        return self


class _Scenario(_Body):
    """What is given is changed; `slow` as a whole, and a `pageSize` of null lets pages be as asked."""

    tokens: Policy | None = None
    token_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None
    hwm_lag: Annotated[float, Field(ge=0, le=86_400)] | None = None  # seconds
    slow: dict[str, Annotated[float, Field(ge=0, le=86_400)]] | None = None  # seconds by step
    page_size: Annotated[int, Field(ge=1, le=1_000)] | None = None


class _Rotation(_Body):
    """`overlap` in seconds: how long the older key still works after a planned rotation."""

    rotate: Rotation
    usage: list[PublicKeyCertificateUsage] = list(USAGES)
    overlap: Annotated[float, Field(ge=0, le=31_536_000)] = OVERLAP.total_seconds()


Door = Callable[[Knock], Awaitable[Any]]


async def _get_clock(knock: Knock) -> Any:
    clock = knock.ksef.clock
    return {
        "now": wire_time(clock.now()),
        "frozen": clock.frozen is not None,
        "offsetSeconds": clock.offset.total_seconds(),
    }


async def _post_clock(knock: Knock) -> Any:
    wanted = _Clock.model_validate(knock.body)
    try:
        advance = wanted.advance
        by = timedelta(**advance) if isinstance(advance, dict) else timedelta(seconds=advance or 0)
        await moved.move(knock.ksef, at=wanted.at, advance=by if advance else None, freeze=wanted.freeze)
    except (TypeError, OverflowError, ValueError) as bad:
        raise Refused(400, f"The clock cannot go there: {bad}.") from None
    return await _get_clock(knock)


async def _get_scenario(knock: Knock) -> Any:
    ksef = knock.ksef
    scenario = ksef.store.read(Scenario.read)
    return {
        "profile": ksef.profile,
        "rates": ksef.limiter.profile,
        "tokenForm": ksef.token_form,
        "tokens": ksef.tokens.name,
        "tokenDays": ksef.tokens.days,
        "hwmLag": ksef.storage.lag / 1_000_000,
        "slow": scenario.slow,
        "pageSize": scenario.page_size,
    }


async def _put_scenario(knock: Knock) -> Any:
    wanted, ksef = _Scenario.model_validate(knock.body), knock.ksef
    _check_steps(wanted.slow or ())
    if wanted.tokens:
        ksef.tokens.name = wanted.tokens
    if wanted.token_days:
        ksef.tokens.days = wanted.token_days
    if wanted.hwm_lag is not None:
        await ksef.storage.set_lag(timedelta(seconds=wanted.hwm_lag))

    def keep(db: Connection) -> None:
        kept = Scenario.read(db)
        if wanted.slow is not None:
            kept = replace(kept, slow=wanted.slow)
        if "page_size" in wanted.model_fields_set:
            kept = replace(kept, page_size=wanted.page_size)
        kept.keep(db)

    await ksef.store.write(keep)
    ksef.work.wake_all()
    return await _get_scenario(knock)


def _check_steps(named: Iterable[str]) -> None:
    if unknown := set(named) - set(STEPS):
        raise Refused(400, f"No step {', '.join(sorted(unknown))}; there are {', '.join(sorted(STEPS))}.")


async def _get_keys(knock: Knock) -> Any:
    """Every key there ever was, the newest first."""
    now = knock.ksef.clock.now()
    return {
        "keys": [
            {
                "usage": key.usage.value,
                "publicKeyId": key.public_key_id,
                "certificateId": key.certificate_id,
                "validFrom": wire_time(key.certificate.not_valid_before_utc),
                "validTo": wire_time(key.certificate.not_valid_after_utc),
                "ends": wire_time(key.ends) if key.ends else None,
                "state": "withdrawn" if key.withdrawn else "works" if key.works(now) else "ended",
            }
            for key in ring(knock.ksef)
        ]
    }


async def _post_keys(knock: Knock) -> Any:
    wanted = _Rotation.model_validate(knock.body)
    await rotate(knock.ksef, wanted.rotate, wanted.usage, timedelta(seconds=wanted.overlap))
    return await _get_keys(knock)


async def _get_contexts(knock: Knock) -> Any:
    kind, value = knock.query.get("type", ""), knock.query.get("value", "")
    if kind not in _SUBJECTS or not 0 < len(value) <= 64:
        raise Refused(400, f"Say who: type ({', '.join(_SUBJECTS)}) and value.")
    return {"contexts": knock.ksef.store.read(lambda db: contexts.open_to(db, Subject(kind, value)))}


async def _get_persons(knock: Knock) -> Any:
    return knock.ksef.store.read(people.known)


async def _get_tokens(knock: Knock) -> Any:
    """Every KSeF token with the end that the policy in force gives it."""
    policy = knock.ksef.tokens

    def find(db: Connection) -> list[dict[str, Any]]:
        columns = ksef_tokens.c
        rows = db.execute(
            select(ksef_tokens).order_by(columns.created.desc(), columns.ref.desc()).limit(1000)
        )
        found = []
        for row in rows:
            end = policy.end(db, row.ref, row.created)
            found.append(
                {
                    "referenceNumber": row.ref,
                    "context": {"type": row.context_type, "value": row.context_value},
                    "description": row.description,
                    "status": row.status,
                    "created": wire_time(instant(row.created)),
                    "ends": wire_time(end.astimezone(UTC)) if end else None,
                }
            )
        return found

    return {"policy": policy.name, "tokens": knock.ksef.store.read(find)}


async def _post_seed(knock: Knock) -> Any:
    if not isinstance(knock.body, dict):
        raise Refused(400, "A world is a JSON object.")
    try:
        made = await world.seed(knock.ksef, knock.body)
    except world.BadWorld as bad:
        raise Refused(400, str(bad)) from None
    return {"made": made.made, "known": made.known}


async def _post_reset(knock: Knock) -> Any:
    await world.reset(knock.ksef)
    return {"status": "empty"}


async def _get_faults(knock: Knock) -> Any:
    return knock.ksef.faults.shown()


async def _put_faults(knock: Knock) -> Any:
    script = Script.model_validate(knock.body)
    _check_steps(rule.step for rule in script.rules if rule.step)
    knock.ksef.faults.put(script)
    knock.ksef.work.wake_all()
    return knock.ksef.faults.shown()


async def _get_trace(knock: Knock) -> Any:
    try:
        last = int(knock.query.get("last", "1000"))
    except ValueError:
        raise Refused(400, "last is a number of calls.") from None
    asked = knock.query
    return {"calls": knock.ksef.trace.shown(asked.get("operation"), max(1, last), asked.get("context", ""))}


async def _get_why(knock: Knock) -> Any:
    ksef = knock.ksef
    if knock.rest:
        found = ksef.causes.by_key(ksef, knock.rest)
        if not found:
            raise Refused(404, f"Nothing was refused under {knock.rest[:60]}, or it is forgotten.")
        return {"causes": found}
    try:
        since = datetime.fromisoformat(knock.query.get("since", "1970-01-01T00:00:00Z").replace(" ", "+"))
    except ValueError:
        raise Refused(400, "since is an instant such as 2026-10-01T12:00:00Z.") from None
    try:
        last = max(1, int(knock.query["last"])) if "last" in knock.query else None
    except ValueError:
        raise Refused(400, "last is a number of causes.") from None
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return {"causes": ksef.causes.since(ksef, since, context=knock.query.get("context", ""), last=last)}


async def _get_truth(knock: Knock) -> Any:
    return knock.ksef.store.read(truth)


async def _get_latarnia(knock: Knock) -> Any:
    return latarnia.shown(knock.ksef)


async def _put_latarnia(knock: Knock) -> Any:
    await latarnia.put(knock.ksef, latarnia.Announcements.model_validate(knock.body))
    return latarnia.shown(knock.ksef)


async def _healthz(knock: Knock) -> Any:
    return {"status": "ok"}


#: By path and method. `why` alone is followed by something.
_DOORS: Final[dict[str, dict[str, Door]]] = {
    "healthz": {"GET": _healthz},
    "clock": {"GET": _get_clock, "POST": _post_clock},
    "scenario": {"GET": _get_scenario, "PUT": _put_scenario},
    "tokens": {"GET": _get_tokens},
    "keys": {"GET": _get_keys, "POST": _post_keys},
    "contexts": {"GET": _get_contexts},
    "persons": {"GET": _get_persons},
    "seed": {"POST": _post_seed},
    "reset": {"POST": _post_reset},
    "faults": {"GET": _get_faults, "PUT": _put_faults},
    "trace": {"GET": _get_trace},
    "why": {"GET": _get_why},
    "truth": {"GET": _get_truth},
    "latarnia": {"GET": _get_latarnia, "PUT": _put_latarnia},
}


class Others(Protocol):
    """The processes that share a local KSeF with this one."""

    async def heard(self) -> None:
        """All that they noted up to now is here."""
        ...

    async def told(self) -> None:
        """All of them know what was changed here."""
        ...


class _Nobody:
    """A local KSeF of one process."""

    async def heard(self) -> None:
        pass

    async def told(self) -> None:
        pass


class Management:
    """The ASGI application of the management port."""

    def __init__(self, ksef: LocalKsef, others: Others | None = None) -> None:
        self.ksef = ksef
        self.others = others or _Nobody()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer_headers = [(b"content-type", b"application/json; charset=utf-8")]
        try:
            status, body = 200, await self._answer(scope, receive)
        except Refused as refused:
            status, body = refused.status, {"error": str(refused)}
            if refused.allow:
                answer_headers.append((b"allow", refused.allow.encode()))
        except ValidationError as bad:
            status, body = 400, {"error": _sentence(bad)}
        content = json.dumps(body, ensure_ascii=False).encode()
        answer_headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": answer_headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, receive: Receive) -> Any:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        # A body left unread would hide our answer from who is still sending.
        raw = await _read(receive)
        host = headers.get(b"host", "")
        if not host_allowed(host, self.ksef.allowed_hosts):
            raise Refused(400, f"Host {host[:100]!r} is not served here.")
        name, slash, rest = scope["path"].removeprefix("/").partition("/")
        methods = _DOORS.get(name) if not slash or name == "why" else None
        if methods is None:
            raise Refused(404, f"{scope['path'][:200]} is not a path of the management door.")
        door = methods.get(scope["method"])
        if door is None:
            allowed = ", ".join(sorted(methods))
            raise Refused(405, f"{scope['method'][:20]} is not allowed here; {allowed} is.", allowed)
        if raw is None:
            raise Refused(413, f"The body has more than {_LARGEST_BODY} bytes.")
        body = None
        if scope["method"] != "GET":
            # A web page can send other types to any address, unasked; JSON it cannot.
            if headers.get(b"content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise Refused(415, "Send application/json.")
            try:
                body = json.loads(raw or b"{}")
            except (ValueError, RecursionError):
                raise Refused(400, "The body is not JSON.") from None
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        # What other processes noted before this question is part of the answer.
        await self.others.heard()
        answer = await door(Knock(self.ksef, unquote(rest), query, body))
        if scope["method"] != "GET":
            await self.others.told()
        return answer


def _sentence(bad: ValidationError) -> str:
    found = bad.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in found[:5])


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None beyond the largest, read on and thrown away."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= _LARGEST_BODY:
            chunks.append(chunk)
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(chunks) if size <= _LARGEST_BODY else None


#: Every acknowledged post is a row, whatever became of it.
_POSTS = select(invoices.c.invoice_hash, func.count().label("posts")).group_by(invoices.c.invoice_hash)


def truth(db: Connection) -> dict[str, Any]:
    """Accepted documents (seller, number, KSeF number, hash, when), and accepted posts per hash."""
    rows = db.execute(
        select(
            invoices.c.seller_nip,
            invoices.c.number,
            invoices.c.kind,
            invoices.c.ksef_number,
            invoices.c.invoice_hash,
            invoices.c.session_ref,
            invoices.c.acquired,
        )
        .where(invoices.c.ksef_number.is_not(None))
        .order_by(invoices.c.acquired, invoices.c.ref)
    )
    return {
        "accepted": [
            {
                "sellerNip": row.seller_nip,
                "invoiceNumber": row.number,
                "invoiceType": row.kind,
                "ksefNumber": row.ksef_number,
                "invoiceHash": row.invoice_hash,
                "sessionReferenceNumber": row.session_ref,
                "acquisitionDate": wire_time(instant(row.acquired)),
            }
            for row in rows
        ],
        "posts": {row.invoice_hash: row.posts for row in db.execute(_POSTS)},
    }
