"""Who calls: JWTs, permissions, the IP allow-list. Rules: auth.md sections 1, 4 and 5; permissions.md 2."""

from __future__ import annotations

import ipaddress
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import jwt

from klucznik.lang import both
from klucznik.secret import Secret
from klucznik.server.grantors import why_missing
from klucznik.wire import problems
from klucznik.wire.endpoint import Endpoint
from klucznik.wire.problems import Forbidden, Unauthorized

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

#: Lifetimes, auth.md section 5.
AUTHENTICATION_LIFE = timedelta(minutes=45)
ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=7)

#: What an owner holds (permissions.md section 1, ownerPermissions): everything except VatUeManage.
OWNER_PERMISSIONS = frozenset(
    {
        "CredentialsManage",
        "CredentialsRead",
        "InvoiceWrite",
        "InvoiceRead",
        "Introspection",
        "SubunitManage",
        "EnforcementOperations",
        "CollectiveIdentifierManage",
    }
)

_KINDS = {"AuthenticationToken": "authentication", "ContextToken": "access", "RefreshToken": "refresh"}
#: One with long names, each letter escaped, and thirty addresses has some 20,000 characters.
_LARGEST_JWT = 24_576


@dataclass(frozen=True, slots=True)
class Context:
    """The context of a login: `Nip`, `InternalId`, `NipVatUe` or `PeppolId`, and its value."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified bearer. Only access tokens know context, subject and permissions."""

    kind: str  # authentication, access, refresh
    auth_ref: str
    expires: float  # seconds since 1970
    context: Context = Context("", "")
    subject_type: str = ""
    subject_value: str = ""
    permissions: frozenset[str] = frozenset()
    owner: bool = False
    method: str = ""  # AuthenticationMethod
    policy: Mapping[str, Sequence[str]] | None = None

    def may(self, *any_of: str) -> bool:
        """Whether any one of the permissions is held."""
        return not self.permissions.isdisjoint(any_of)

    @property
    def category(self) -> str:
        """AuthenticationMethodCategory, as `auth-method-not-allowed` reports it."""
        if self.method == "Token":
            return "Token"
        return "NationalNode" if self.method == "TrustedProfile" else "XadesSignature"


class Bearers:
    """Reads bearers; remembers verified ones, for a JWT is checked on every call."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Caller] = OrderedDict()
        self._key: Secret | None = None

    def read(self, ksef: LocalKsef, header: str | None, now: datetime) -> Caller:
        """The caller behind an Authorization header, or `Unauthorized`."""
        if not header:
            raise Unauthorized(both("there is no Authorization header", "brak nagłówka Authorization"))
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized(
                both(
                    "the Authorization header does not read 'Bearer <JWT>'",
                    "nagłówek Authorization nie ma postaci 'Bearer <JWT>'",
                )
            )
        if self._key is not ksef.keys.jwt:  # another key after a reset: nobody is known any more
            self._known.clear()
            self._key = ksef.keys.jwt
        caller = self._known.get(token)
        if caller is None:
            caller = self._verify(ksef, token)
            self._known[token] = caller
            if len(self._known) > 10_000:
                self._known.popitem(last=False)
        if caller.expires <= now.timestamp():
            raise Unauthorized(
                both(
                    "the JWT has expired: refresh it, or log in anew",
                    "JWT stracił ważność: odśwież go albo zaloguj się ponownie",
                )
            )
        return caller

    def _verify(self, ksef: LocalKsef, token: str) -> Caller:
        if len(token) > _LARGEST_JWT:
            raise Unauthorized(
                both(
                    f"the bearer has {len(token)} characters; a JWT of KSeF is far shorter",
                    f"token w nagłówku ma {len(token)} znaków; JWT z KSeF jest znacznie krótszy",
                )
            )
        try:
            with ksef.keys.jwt.reveal() as key:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=["HS256"],
                    audience=ksef.issuer,
                    issuer=ksef.issuer,
                    # Time is the movable clock's, checked by the caller.
                    options={
                        "verify_exp": False,
                        "verify_iat": False,
                        "verify_nbf": False,
                        "require": ["exp"],
                    },
                )
            return _caller(claims)
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, RecursionError) as bad:
            raise Unauthorized(
                both(
                    f"the JWT is not one of this KSeF ({type(bad).__name__})",
                    f"to nie jest JWT tego KSeF ({type(bad).__name__})",
                )
            ) from None


def _caller(claims: Mapping[str, Any]) -> Caller:
    kind = _KINDS[claims["typ"]]
    if type(claims["exp"]) is not int:
        raise ValueError("exp is not a whole number")
    if kind != "access":
        return Caller(kind, claims["arn"], claims["exp"])
    subject = json.loads(claims["sud"])["subjectIdentifier"]
    named = json.loads(claims["per"])
    return Caller(
        kind=kind,
        auth_ref=claims["arn"],
        expires=claims["exp"],
        context=Context(claims["cit"], claims["civ"]),
        subject_type=subject["type"],
        subject_value=subject["value"],
        permissions=frozenset(json.loads(claims["pep"])),
        owner="Owner" in named,
        method=claims["aum"],
        policy=json.loads(claims["ipp"]) if claims.get("ipp") else None,
    )


def sign(
    ksef: LocalKsef,
    kind: Literal["AuthenticationToken", "ContextToken", "RefreshToken"],
    claims: Mapping[str, object],
    now: datetime,
    expires: datetime,
) -> Secret:
    """A JWT of this KSeF, HS256; `claims` beside iss, aud, typ, iat and exp."""
    whole = {
        **claims,
        "typ": kind,
        "iss": ksef.issuer,
        "aud": ksef.issuer,
        "iat": int(now.timestamp()),
        "exp": int(expires.timestamp()),
    }
    with ksef.keys.jwt.reveal() as key:
        return Secret(jwt.encode(whole, key, algorithm="HS256"))


def admit(row: Endpoint[Any], caller: Caller) -> None:
    """Refuse a bearer of the wrong kind: an authenticationToken opens only status and redeem."""
    wanted = row.bearer
    if caller.kind == wanted or (wanted == "access-or-refresh" and caller.kind in ("access", "refresh")):
        return
    raise Unauthorized(
        both(
            f"this is an {caller.kind} token, {row.path} wants {wanted}",
            f"to token rodzaju {caller.kind}, a {row.path} wymaga {wanted}",
        )
    )


def admit_address(caller: Caller, client_ip: str) -> None:
    """Refuse an address outside the allow-list given at login (403 ip-not-allowed)."""
    if caller.policy is None or address_allowed(caller.policy, client_ip):
        return
    raise Forbidden(
        problems.IP_NOT_ALLOWED,
        {"clientIp": client_ip},
        why=both("the login allowed other addresses only", "logowanie dopuściło tylko inne adresy"),
    )


def admit_permissions(row: Endpoint[Any], caller: Caller) -> None:
    """Refuse a caller who holds none of the row's permissions (403 missing-permissions)."""
    if not row.permissions or caller.may(*row.permissions):
        return
    raise Forbidden(
        problems.MISSING_PERMISSIONS,
        {
            "requiredAnyOfPermissions": list(row.permissions),
            "presentPermissions": sorted(caller.permissions),
        },
        # Whose PESEL it is does not belong into a log.
        why=why_missing(
            caller.subject_type,
            caller.method,
            ", ".join(row.permissions),
            caller.context.type,
            caller.context.value,
        ),
    )


def address_allowed(policy: Mapping[str, Sequence[str]], client_ip: str) -> bool:
    """Whether an IPv4 address is on an allow-list {ip4Addresses, ip4Ranges, ip4Masks}; empty allows all."""
    if not any(policy.values()):
        return True
    try:
        address = ipaddress.IPv4Address(client_ip)
    except ValueError:
        return False
    if client_ip in policy.get("ip4Addresses", ()):
        return True
    for span in policy.get("ip4Ranges", ()):
        first, _, last = span.partition("-")
        if ipaddress.IPv4Address(first) <= address <= ipaddress.IPv4Address(last):
            return True
    return any(address in ipaddress.IPv4Network(mask, strict=False) for mask in policy.get("ip4Masks", ()))
