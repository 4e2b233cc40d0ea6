"""The connection test: what works between this machine, this company and KSeF, and what to do if not.

`examine` tests everything, `examine_token` a KSeF token alone; what they find of a token is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from klucznik.client import claims, limits, tokens
from klucznik.client.auth import challenge, revoke_current
from klucznik.client.flow import Flow, ask, now
from klucznik.errors import KlucznikError, Refused
from klucznik.lang import tr
from klucznik.wire.auth import AuthenticationTokensResponse
from klucznik.wire.limits import EffectiveApiRateLimitValues
from klucznik.wire.security import PUBLIC_KEYS, PublicKeyCertificate, PublicKeyCertificateUsage
from klucznik.wire.tokens import AuthenticationTokenStatus, TokenStatusResponse

Level = Literal["ok", "warn", "fail"]

#: A clock further off than this confuses people, logs and certificates; logging in still works.
MOST_SKEW = timedelta(minutes=1)
#: KSeF's key without a successor this close to its end is worth a word.
KEY_ENDS_SOON = timedelta(days=14)


@dataclass(frozen=True)
class Finding:
    """One line of the test: its fixed name, how it stands, a sentence, and what to do."""

    name: str
    level: Level
    sentence: str
    hint: str = ""


@dataclass(frozen=True)
class Examined:
    """A KSeF token as it was found: what a login with it says, and its record where its number is known."""

    findings: list[Finding]
    said: claims.Claims | None = None
    record: TokenStatusResponse | None = None

    @property
    def level(self) -> Level:
        """How it stands: as its worst finding."""
        levels = {finding.level for finding in self.findings}
        return "fail" if "fail" in levels else "warn" if "warn" in levels else "ok"


def examine_token(
    login: Flow[AuthenticationTokensResponse],
    *,
    token_reference: str | None = None,
    wanted: Iterable[str] = (),
) -> Flow[Examined]:
    """Log in with a KSeF token, look what it may do, log out; the arguments are those of `examine`.

    A refusal is a finding. Raises where nothing can be said of the token: KSeF out of reach, too many calls.
    """
    try:
        issued = yield from login
    except Refused as error:
        return Examined([_failed("login", error)])
    findings: list[Finding] = []
    said, record = yield from _inside(findings, issued, token_reference, wanted)
    yield from _leave(findings)
    return Examined(findings, said, record)


def examine(
    login: Flow[AuthenticationTokensResponse] | None = None,
    *,
    token_reference: str | None = None,
    wanted: Iterable[str] = (),
) -> Flow[list[Finding]]:
    """Test the connection; with a `login` flow also the company, and log out at the end.

    `token_reference`: the reference number of the KSeF token that `login` uses (`…-EC-…`). `wanted`:
    permissions that the work needs. Never raises for what KSeF or the network says: that is a finding.
    """
    findings: list[Finding] = []
    reached = yield from _reach(findings)
    if not reached:
        return findings
    yield from _keys(findings)
    if login is None:
        return findings
    try:
        issued = yield from login
    except KlucznikError as error:
        findings.append(_failed("login", error))
        return findings
    yield from _inside(findings, issued, token_reference, wanted)
    yield from _limits(findings)
    yield from _leave(findings)
    return findings


def _failed(name: str, error: KlucznikError) -> Finding:
    return Finding(name, "fail", error.message, error.hint)


def _reach(findings: list[Finding]) -> Flow[bool]:
    """(1) Does KSeF answer, and what time is it there?"""
    try:
        answer = yield from ask(challenge())
    except KlucznikError as error:
        findings.append(_failed("connection", error))
        return False
    findings.append(
        Finding(
            "connection",
            "ok",
            tr(
                f"KSeF answers and sees this machine as {answer.client_ip}.",
                f"KSeF odpowiada i widzi tę maszynę jako {answer.client_ip}.",
            ),
        )
    )
    skew = (yield from now()) - answer.timestamp
    seconds = round(skew.total_seconds())
    if abs(skew) <= MOST_SKEW:
        findings.append(
            Finding("clock", "ok", tr(f"clock off by {seconds} s.", f"różnica zegara: {seconds} s."))
        )
    else:
        findings.append(
            Finding(
                "clock",
                "warn",
                tr(f"the clock here is off by {seconds} s.", f"zegar tutaj różni się o {seconds} s."),
                tr("switch on time synchronisation.", "włącz synchronizację czasu."),
            )
        )
    return True


def _keys(findings: list[Finding]) -> Flow[None]:
    """(2) Is there a valid key for each use, and does it last?"""
    try:
        keys = (yield from ask(PUBLIC_KEYS())).root
    except KlucznikError as error:
        findings.append(_failed("keys", error))
        return
    instant = yield from now()
    for usage in PublicKeyCertificateUsage:
        findings.append(_key(usage, keys, instant))


def _key(usage: PublicKeyCertificateUsage, keys: list[PublicKeyCertificate], at: datetime) -> Finding:
    name = f"key {usage}"
    lasting = [k.valid_to for k in keys if usage in k.usage and k.valid_from <= at < k.valid_to]
    if not lasting:
        return Finding(
            name,
            "fail",
            tr("KSeF publishes no valid key.", "KSeF nie podaje ważnego klucza."),
            tr("is the clock of this machine right?", "czy zegar tej maszyny chodzi dobrze?"),
        )
    until = max(lasting)
    day = until.date().isoformat()
    if until - at < KEY_ENDS_SOON:
        return Finding(name, "warn", tr(f"valid only until {day}.", f"ważny tylko do {day}."))
    return Finding(name, "ok", tr(f"valid until {day}.", f"ważny do {day}."))


def _inside(
    findings: list[Finding],
    issued: AuthenticationTokensResponse,
    token_reference: str | None,
    wanted: Iterable[str],
) -> Flow[tuple[claims.Claims, TokenStatusResponse | None]]:
    """(3) Who is logged in, with which permissions, by which token."""
    held = claims.read(issued.access_token.token)
    who = f" ({held.method}, {held.context_type} {held.context_value})" if held.context_value else ""
    findings.append(Finding("login", "ok", tr(f"logged in{who}.", f"zalogowano{who}.")))
    _permissions(findings, held.permissions, wanted)
    record = None
    if token_reference is not None:
        record = yield from _token(findings, token_reference, held.permissions)
    return held, record


def _leave(findings: list[Finding]) -> Flow[None]:
    """(5) Log out: what was asked needs the login no longer."""
    try:
        yield from ask(revoke_current())
    except KlucznikError as error:
        findings.append(Finding("logout", "warn", error.message, error.hint))


def _permissions(findings: list[Finding], held: tuple[str, ...] | None, wanted: Iterable[str]) -> None:
    """What may be done, by the access token's own words."""
    name = "permissions"
    if held is None:
        findings.append(
            Finding(name, "warn", tr("the login does not say which.", "logowanie nie mówi, jakie."))
        )
        return
    listed = ", ".join(held)
    if not held:
        findings.append(
            Finding(
                name,
                "fail",
                tr("none: every call will be refused.", "brak: każde wywołanie zostanie odrzucone."),
                tr(
                    "whoever issued the token lost these rights in the company; restore them, or issue a "
                    "new token.",
                    "wystawca tokena stracił te prawa w firmie; przywróć je albo wystaw nowy token.",
                ),
            )
        )
        return
    missing = [] if "Owner" in held else [p for p in wanted if p not in held]
    if missing:
        lacking = ", ".join(missing)
        findings.append(
            Finding(
                name,
                "fail",
                tr(f"in force: {listed}; missing: {lacking}.", f"działające: {listed}; brakuje: {lacking}."),
                tr(
                    "the owner or a holder of CredentialsManage grants them; then issue a new KSeF token.",
                    "nadaje je właściciel lub osoba z CredentialsManage; potem wystaw nowy token KSeF.",
                ),
            )
        )
        return
    findings.append(Finding(name, "ok", tr(f"in force: {listed}.", f"działające: {listed}.")))


def _token(
    findings: list[Finding], reference: str, held: tuple[str, ...] | None
) -> Flow[TokenStatusResponse | None]:
    """The token's own record: its state, and what of it still counts; None where KSeF does not tell."""
    name = "token"
    try:
        record = yield from ask(tokens.read(reference))
    except KlucznikError as error:
        findings.append(Finding(name, "warn", error.message, error.hint))
        return None
    requested = [str(p) for p in record.requested_permissions]
    lost = [p for p in requested if held is not None and "Owner" not in held and p not in held]
    described = f"{record.reference_number} „{record.description}”"
    if record.status != AuthenticationTokenStatus.Active:
        findings.append(
            Finding(
                name,
                "fail",
                f"{described}: {record.status}.",
                tr("issue a new one in the portal.", "wystaw nowy w portalu."),
            )
        )
    elif lost:
        names = ", ".join(lost)
        findings.append(
            Finding(
                name,
                "warn",
                tr(
                    f"{described}: issued with {names}, no longer in force.",
                    f"{described}: wystawiony z {names}, które już nie działają.",
                ),
                tr(
                    "its author lost them in the company; restoring them there revives the token.",
                    "jego autor stracił je w firmie; przywrócenie ich ożywi token.",
                ),
            )
        )
    else:
        findings.append(Finding(name, "ok", tr(f"{described}: active.", f"{described}: aktywny.")))
    return record


def _limits(findings: list[Finding]) -> Flow[None]:
    """(4) How much at a time."""
    try:
        sizes = (yield from ask(limits.of_context())).online_session
        send = (yield from ask(limits.rates())).invoice_send
    except KlucznikError as error:
        findings.append(Finding("limits", "warn", error.message, error.hint))
        return
    findings.append(
        Finding(
            "limits",
            "ok",
            tr(
                f"{sizes.max_invoices} invoices a session, {sizes.max_invoice_size_in_mb} MB each; sending "
                f"{_rate(send)}.",
                f"{sizes.max_invoices} faktur w sesji, po {sizes.max_invoice_size_in_mb} MB; wysyłka "
                f"{_rate(send)}.",
            ),
        )
    )


def _rate(values: EffectiveApiRateLimitValues) -> str:
    """`10/s, 30/min, 180/h`; -1 is without limit."""
    windows = (("s", values.per_second), ("min", values.per_minute), ("h", values.per_hour))
    limited = [f"{count}/{window}" for window, count in windows if count >= 0]
    return ", ".join(limited) or tr("without limit", "bez ograniczeń")
