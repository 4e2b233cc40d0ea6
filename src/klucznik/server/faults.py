"""Faults made to order: what the real KSeF does on a bad day, when a script asks for it and never else.

A script is put on the management door (`PUT /faults`, docs/management.md) and lives until the next one
or the end of the process. A rule strikes the calls it matches: all, the nth, or a share of them. A share
is drawn from the seed and the number of the call, so that the same script on the same calls strikes the
same ones; without a seed there are no shares.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from klucznik.lang import both
from klucznik.server.keyring import OVERLAP, USAGES, Rotation, rotate
from klucznik.server.render import Plain, expired
from klucznik.wire import codes
from klucznik.wire.problems import Problem, TooMany

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

log = logging.getLogger("klucznik.ksef")

When = Literal["before", "after-commit"]
#: What is done to a call, and what holds all the time.
ToCall = Literal["delay", "drop", "429", "error", "21184", "expired-link", "rotate"]
Standing = Literal["stuck", "slow", "hwm-lag", "small-pages"]
_STANDING = ("stuck", "slow", "hwm-lag", "small-pages")
_NEEDS: dict[str, tuple[str, ...]] = {
    "delay": ("seconds",),
    "slow": ("seconds", "step"),
    "stuck": ("step",),
    "hwm-lag": ("seconds",),
    "small-pages": ("size",),
    "rotate": ("rotation",),
}


class _Strict(BaseModel):
    """Part of a script: a name that is not known is a mistake in it, and is refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Match(_Strict):
    """Which calls: `POST /tokens` as in the contract, `*` all; `5265877635` the context's value."""

    operation: str = "*"
    context: str | None = None


class Rule(_Strict):
    """One fault; docs/management.md has a line for each `do`."""

    match: Match = Match()
    nth: list[Annotated[int, Field(ge=1)]] | None = None  # of the calls that match, from 1; absent = all
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    when: When = "before"
    do: ToCall | Standing
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    status: Annotated[int, Field(ge=500, le=599)] = 503
    retry_after: Literal["none", "date"] | Annotated[int, Field(ge=1)] = 1
    step: str | None = None
    size: Annotated[int, Field(ge=1)] | None = None
    rotation: Rotation | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name in _NEEDS.get(self.do, ()):
            if getattr(self, name) is None:
                raise ValueError(f"{self.do} needs {name}")
        if self.do in _STANDING and (self.match != Match() or self.nth or self.share):
            raise ValueError(f"{self.do} holds for all calls: it takes no match, nth or share")
        return self


class Script(_Strict):
    """A whole script, in the order in which its rules strike."""

    seed: int | None = None
    rules: list[Rule] = []

    @model_validator(mode="after")
    def _seeded(self) -> Self:
        if self.seed is None and any(rule.share for rule in self.rules):
            raise ValueError("a share needs a seed: nothing here is ever left to chance")
        return self


class Dropped(Exception):
    """The answer is not sent: the connection ends without a byte."""


class Storm(TooMany):
    """429 by order; its Retry-After may be a date, or missing."""

    def __init__(self, rule: Rule, now: datetime) -> None:
        after = rule.retry_after
        seconds = after if isinstance(after, int) else 1
        why = both("a fault script orders 429 here", "429 na życzenie scenariusza usterek")
        super().__init__(1, "second", seconds, why=why)
        self.date = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
        self.form = after

    @property
    def header(self) -> str | None:
        if self.form == "none":
            return None
        return self.date if self.form == "date" else super().header


@dataclass
class Counted:
    """A rule with the number of calls that matched it, and of those it struck."""

    rule: Rule
    matched: int = 0
    struck: int = 0


class Faults:
    """The script in force and its counts."""

    def __init__(self) -> None:
        self.script = Script()
        self.counted: list[Counted] = []

    def put(self, script: Script) -> None:
        """Replace the script; counting begins anew."""
        self.script = script
        self.counted = [Counted(rule) for rule in script.rules]

    async def struck(self, operation: str, context: str) -> list[Rule]:
        """Count a call; the rules that strike it, before or after its work."""
        return [self.script.rules[place] for place in self.strikes(operation, context)]

    def strikes(self, operation: str, context: str) -> list[int]:
        """The same, where the counts are; rules by their place in the script."""
        found = []
        for index, counted in enumerate(self.counted):
            rule = counted.rule
            if rule.do in _STANDING or rule.match.operation not in ("*", operation):
                continue
            if rule.match.context not in (None, context):
                continue
            counted.matched += 1
            if rule.nth is not None and counted.matched not in rule.nth:
                continue
            if rule.share is not None:
                # Not a secret: the same seed has to draw the same calls again.
                draw = Random(f"{self.script.seed} {index} {counted.matched}").random()  # noqa: S311
                if draw >= rule.share:
                    continue
            counted.struck += 1
            found.append(index)
        return found

    def hold(self, step: str) -> float | None:
        """Seconds by which a step of work (`auth`, `verification`) is late; None when it is stuck."""
        seconds = 0.0
        for rule in self.script.rules:
            if rule.step == step and rule.do == "stuck":
                return None
            if rule.step == step and rule.do == "slow":
                seconds += rule.seconds or 0
        return seconds

    @property
    def lag(self) -> timedelta:
        """How late the high water mark is, and with it what lists show (`storage`)."""
        return timedelta(seconds=sum(rule.seconds or 0 for rule in self.script.rules if rule.do == "hwm-lag"))

    @property
    def page_size(self) -> int | None:
        """The largest page, None where nothing is ordered."""
        return min((rule.size for rule in self.script.rules if rule.size), default=None)

    def shown(self) -> dict[str, Any]:
        """The script with its counts, as `GET /faults` gives it."""
        rules = [
            {
                **each.rule.model_dump(by_alias=True, exclude_defaults=True),
                "matched": each.matched,
                "struck": each.struck,
            }
            for each in self.counted
        ]
        return {"seed": self.script.seed, "rules": rules}


async def strike(ksef: LocalKsef, rules: Sequence[Rule], when: When, reference: str, now: datetime) -> None:
    """Do what the rules of this moment order: wait, rotate the keys, or raise the answer."""
    for rule in rules:
        if rule.when != when:
            continue
        log.info("fault: %s, %s", rule.do, when)
        match rule.do:
            case "delay":
                await asyncio.sleep(rule.seconds or 0)
            case "drop":
                raise Dropped
            case "429":
                raise Storm(rule, now)
            case "error":
                raise Plain(
                    rule.status,
                    "A fault script orders this answer.",
                    "odpowiedź na życzenie scenariusza usterek",
                )
            case "21184":
                why = both("a fault script orders 21184 here", "21184 na życzenie scenariusza usterek")
                details = [codes.SESSION_UNDER_MAINTENANCE.format(ref=reference)]
                raise Problem(codes.SESSION_UNAVAILABLE, details, why=why)
            case "rotate":
                assert rule.rotation is not None
                overlap = OVERLAP if rule.seconds is None else timedelta(seconds=rule.seconds)
                await rotate(ksef, rule.rotation, USAGES, overlap)
            case "expired-link":
                raise expired()
