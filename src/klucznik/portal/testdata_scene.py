"""The scene of a rehearsal: clock, policy of KSeF tokens, a world from a file, and the way back to none.

All of it is asked of the management door (design.md), on the test profile and loopback only.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any, Final

import yaml
from starlette.responses import Response
from starlette.routing import Route

from klucznik.clock import WARSAW
from klucznik.portal.door import DoorError
from klucznik.portal.testdata import form, only_for_tests
from klucznik.portal.testdata_fields import sure
from klucznik.portal.visit import Unfit, Visit, leave

#: Policies of KSeF tokens: name, then what happens; each en, pl, de. Rule: tokens.md section 8.
POLICIES: Final = {
    "legacy": (
        ("as today", "jak dziś", "wie heute"),
        (
            "tokens are issued and work without an end",
            "tokeny są wydawane i działają bezterminowo",
            "Token werden ausgestellt und gelten unbefristet",
        ),
    ),
    "cutoff-2026": (
        ("end of 2026", "koniec 2026 roku", "Ende 2026"),
        (
            "from 1 January 2027 none is issued, and those there are stop working",
            "od 1 stycznia 2027 nie wydaje się nowych, a istniejące przestają działać",
            "ab 1. Januar 2027 wird keiner ausgestellt, und die vorhandenen gelten nicht mehr",
        ),
    ),
    "v2-expiring": (
        ("tokens that expire", "tokeny z datą ważności", "Token mit Ablauf"),
        (
            "those of 2026 work until 30 November 2027, later ones for the days set below",
            "wydane w 2026 działają do 30 listopada 2027, późniejsze przez podaną niżej liczbę dni",
            "die von 2026 gelten bis 30. November 2027, spätere so viele Tage wie unten gesetzt",
        ),
    ),
}
#: Steps of the clock that have a button.
STEPS: Final = {
    "minutes": ({"minutes": 15}, ("15 minutes", "15 minut", "15 Minuten")),
    "hour": ({"hours": 1}, ("an hour", "godzinę", "eine Stunde")),
    "day": ({"days": 1}, ("a day", "dobę", "einen Tag")),
    "month": ({"days": 30}, ("30 days", "30 dni", "30 Tage")),
    "year": ({"days": 365}, ("365 days", "365 dni", "365 Tage")),
}
#: Bytes of a world; characters of one in YAML, whose reader is slow; lists in lists.
_LARGEST_WORLD: Final = 2_000_000
_LARGEST_YAML: Final = 200_000
_DEEPEST: Final = 20


async def _told(visit: Visit) -> dict[str, Any]:
    scene = await visit.door.scene()
    return {
        "scene": scene,
        "now": datetime.fromisoformat(scene["now"]),
        "policies": POLICIES,
        "steps": STEPS,
        "local": datetime.fromisoformat(scene["now"]).astimezone(WARSAW).strftime("%Y-%m-%dT%H:%M"),
    }


async def _clock(visit: Visit, order: dict[str, Any]) -> str:
    try:
        moved = await visit.door.ask("POST", "/clock", order)
    except DoorError as refused:
        raise Unfit(str(refused)) from None
    now = datetime.fromisoformat(moved["now"]).astimezone(WARSAW)
    return visit.t(
        f"At KSeF it is {now:%Y-%m-%d %H:%M} in Poland now. A login too old by then has ended.",
        f"W KSeF jest teraz {now:%Y-%m-%d %H:%M} czasu polskiego. Zbyt stare sesje logowania wygasły.",
        f"Bei KSeF ist es jetzt {now:%Y-%m-%d %H:%M} in Polen. Zu alte Anmeldungen sind abgelaufen.",
    )


async def set_clock(visit: Visit) -> str:
    """To an instant in Polish time."""
    given = visit.field("at")
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        at = None
    if at is None or at.tzinfo or not 2000 <= at.year <= 2200:
        raise Unfit(
            visit.t(
                f"“{given[:30]}” is no time in the years 2000 to 2200, such as 2026-12-31 23:50.",
                f"„{given[:30]}” nie jest chwilą z lat 2000-2200, na przykład 2026-12-31 23:50.",
                f"„{given[:30]}“ ist kein Zeitpunkt der Jahre 2000 bis 2200, etwa 2026-12-31 23:50.",
            )
        )
    return await _clock(visit, {"at": at.replace(tzinfo=WARSAW).isoformat()})


async def advance(visit: Visit) -> str:
    """By the step of the button pressed."""
    step = STEPS.get(visit.field("step"))
    if step is None:
        raise Unfit(visit.t("Choose a step.", "Wybierz, o ile przesunąć.", "Wählen Sie einen Schritt."))
    return await _clock(visit, {"advance": step[0]})


async def freeze(visit: Visit) -> str:
    """Stand still at this instant."""
    return await _clock(visit, {"freeze": True})


async def run(visit: Visit) -> str:
    """Run on from this instant."""
    return await _clock(visit, {"freeze": False})


async def real(visit: Visit) -> str:
    """Back to the time of the machine."""
    return await _clock(visit, {"at": visit.settings.clock.now().isoformat(), "freeze": False})


async def policy(visit: Visit) -> str:
    """How KSeF tokens end from now on."""
    wanted, days = visit.field("policy"), visit.field("days") or "365"
    if wanted not in POLICIES:
        raise Unfit(visit.t("Choose a policy.", "Wybierz politykę.", "Wählen Sie eine Regel."))
    if not (days.isascii() and days.isdecimal() and len(days) <= 3 and 1 <= int(days) <= 365):
        raise Unfit(
            visit.t(
                f"“{days[:10]}” days: a token lives 1 to 365.",
                f"„{days[:10]}” dni: token żyje od 1 do 365.",
                f"„{days[:10]}“ Tage: ein Token lebt 1 bis 365.",
            )
        )
    await visit.door.ask("PUT", "/scenario", {"tokens": wanted, "tokenDays": int(days)})
    return visit.t(
        f"Policy of tokens: {POLICIES[wanted][0][0]} ({wanted}).",
        f"Polityka tokenów: {POLICIES[wanted][0][1]} ({wanted}).",
        f"Regel für Token: {POLICIES[wanted][0][2]} ({wanted}).",
    )


async def seed(visit: Visit) -> str:
    """Make a world, all of it or nothing."""
    given = visit.field("world").encode() or await visit.file("file")
    world = await asyncio.to_thread(read_world, visit, given)  # nobody else waits for the reader
    try:
        made = await visit.door.ask("POST", "/seed", world)
    except DoorError as refused:
        raise Unfit(
            visit.t(
                f"This world cannot be made: {refused}. Nothing was changed.",
                f"Nie można utworzyć tego świata: {refused}. Niczego nie zmieniono.",
                f"Diese Welt geht nicht: {refused}. Es wurde nichts geändert.",
            )
        ) from None
    return visit.t(
        f"Made {made['made']}, already there {made['known']}.",
        f"Utworzono: {made['made']}, było już: {made['known']}.",
        f"Angelegt: {made['made']}, schon da: {made['known']}.",
    )


def read_world(visit: Visit, given: bytes) -> dict[str, Any]:
    """A world of JSON or YAML, as JSON can say it. Raises `Unfit`."""
    try:
        text = given[: _LARGEST_WORLD + 1].decode("utf-8-sig")
        if len(given) > _LARGEST_WORLD:
            raise ValueError(f"{len(given)} bytes")
        found = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        world: dict[str, Any] = json.loads(json.dumps(found, default=str))
    except (ValueError, RecursionError, TypeError, yaml.YAMLError) as bad:
        said = " ".join(str(bad).split())[:200]
        raise Unfit(
            visit.t(
                f"This is no world in JSON or YAML: {said}. The example below shows one.",
                f"To nie jest świat w formacie JSON ani YAML: {said}. Poniżej jest przykład.",
                f"Das ist keine Welt in JSON oder YAML: {said}. Unten steht ein Beispiel.",
            )
        ) from None
    return world


def _yaml(text: str) -> Any:
    if len(text) > _LARGEST_YAML:
        raise ValueError(f"{len(text)} characters of YAML; use JSON")
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        # An alias may stand for an alias, and a page of text for gigabytes.
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases (*) are not taken")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"deeper than {_DEEPEST} levels")
    return yaml.safe_load(text)


async def ask_reset(visit: Visit) -> Response:
    """GET /testdata/reset: what goes and what stays."""
    return visit.page("testdata_reset.html")


async def reset(visit: Visit) -> Response:
    """POST /testdata/reset: everybody's data goes, every login ends."""
    try:
        sure(visit)
    except Unfit as unfit:
        return visit.again("testdata_reset.html", unfit)
    await visit.door.ask("POST", "/reset")
    leave(visit)
    visit.flash(
        "good",
        visit.t(
            "The local KSeF is empty. Begin with a company.",
            "Lokalny KSeF jest pusty. Zacznij od firmy.",
            "Das lokale KSeF ist leer. Beginnen Sie mit einer Firma.",
        ),
    )
    return visit.go("/testdata")


_DEEDS: Final = {
    "set": set_clock, "advance": advance, "freeze": freeze, "run": run, "real": real, "policy": policy,
}  # fmt: skip

ROUTES = [
    Route(
        "/testdata/clock", only_for_tests(form("testdata_clock.html", _DEEDS, _told)), methods=["GET", "POST"]
    ),
    Route(
        "/testdata/world",
        only_for_tests(form("testdata_world.html", {"seed": seed}, _told)),
        methods=["GET", "POST"],
    ),
    Route("/testdata/reset", only_for_tests(ask_reset), methods=["GET"]),
    Route("/testdata/reset", only_for_tests(reset), methods=["POST"]),
]
