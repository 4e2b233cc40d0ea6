"""The JWTs of one login, kept in memory only. Rules: auth.md sections 1 and 5."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from klucznik.secret import Secret
from klucznik.wire.auth import (
    AuthenticationInitResponse,
    AuthenticationTokenRefreshResponse,
    AuthenticationTokensResponse,
    TokenInfo,
)

#: An access token this close to its end is renewed before the call.
RENEW_BEFORE = timedelta(seconds=60)


@dataclass(frozen=True)
class Jwt:
    """A JWT and its end by the clock of this machine (so that a wrong clock does no harm)."""

    token: Secret
    until: datetime

    def lives(self, now: datetime, margin: timedelta = timedelta(0)) -> bool:
        return now + margin < self.until


@dataclass
class Credentials:
    """What a client may present: filled by `adopt` from the answers that hand tokens out."""

    authentication_token: Jwt | None = field(default=None)
    access_token: Jwt | None = field(default=None)
    refresh_token: Jwt | None = field(default=None)

    def adopt(self, answer: object, *, now: datetime, server_now: datetime | None = None) -> None:
        """Keep the tokens of an answer; `server_now` is the answer's Date, to correct a wrong clock."""
        ahead = now - (server_now or now)

        def keep(info: TokenInfo) -> Jwt:
            return Jwt(info.token, info.valid_until + ahead)

        match answer:
            case AuthenticationInitResponse():
                self.authentication_token = keep(answer.authentication_token)
            case AuthenticationTokensResponse():
                self.access_token = keep(answer.access_token)
                self.refresh_token = keep(answer.refresh_token)
                self.authentication_token = None  # redeemed: of no further use
            case AuthenticationTokenRefreshResponse():
                self.access_token = keep(answer.access_token)

    def secrets(self) -> list[Secret]:
        """Every secret held, so that no message can repeat one."""
        held = (self.authentication_token, self.access_token, self.refresh_token)
        return [jwt.token for jwt in held if jwt is not None]

    def forget(self) -> None:
        """Drop everything, as after a logout."""
        self.authentication_token = self.access_token = self.refresh_token = None
