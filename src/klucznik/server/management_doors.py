"""What each path of the management door does: docs/management.md, in its order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from sqlalchemy import Connection, select

from klucznik.server import contexts, latarnia, moved, people, world
from klucznik.server.faults import Script
from klucznik.server.keyring import OVERLAP, USAGES, Rotation, ring, rotate
from klucznik.server.knock import Door, Knock, Refused
from klucznik.server.rights import Subject
from klucznik.server.scenario import Scenario
from klucznik.server.tables import instant, ksef_tokens
from klucznik.server.token_policy import LONGEST_DAYS, Policy
from klucznik.server.truth import truth
from klucznik.server.work import STEPS
from klucznik.wire.base import wire_time
from klucznik.wire.security import PublicKeyCertificateUsage

#: Who may be asked about at /contexts.
_SUBJECTS: Final = ("Nip", "Pesel", "Fingerprint", "PeppolId")


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
        # The old envelope hides the trace id in its serviceCode, 00-<trace id>-<span>-00.
        key = knock.rest.split("-")[1] if knock.rest.startswith("00-") else knock.rest
        found = ksef.causes.by_key(ksef, key)
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


#: By path and method. Only /why is followed by something.
DOORS: Final[dict[str, dict[str, Door]]] = {
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
