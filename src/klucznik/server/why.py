"""Why: the causes of refusals, in Polish and English, which the real KSeF never tells.

A refusal at the door is noted with its trace id and the numbers that its path and body name (a login's
challenge is one). What failed after 202 keeps its cause in its own row (`why` beside `status`), and is
found there by its reference number, an invoice by that of its session as well. Causes name no secret and
no PESEL. They are kept in the database, the newest ones, so that a restart does not lose what one is about
to ask.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Table, delete, false, func, insert, or_, select

from klucznik.lang import in_language, language
from klucznik.server.render import loggable
from klucznik.server.tables import causes, instant, metadata, stamp
from klucznik.server.work import step
from klucznik.wire.base import wire_time

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

log = logging.getLogger("klucznik.ksef")

#: Causes kept, and causes in one answer.
MOST: Final = 10_000
_ANSWERED: Final = 1_000
#: Seconds in which causes gather before they are written: a refusal does not wait for the disk.
_GATHER: Final = 0.05
#: When a row of work began or moved, the first of these columns that it has.
_MOMENTS: Final = ("updated", "invoicing", "created")


@dataclass(frozen=True)
class Cause:
    """One refusal. `said` is what the caller was told, `why` the cause in both languages (`lang.both`)."""

    at: int  # stamp
    trace_id: str
    refs: str  # reference numbers that the request names, with blanks between
    operation: str
    context: str
    status: int
    said: str
    why: str


class Causes:
    """The causes of one local KSeF: those not written yet, and the way to write them."""

    def __init__(self) -> None:
        self.pending: deque[Cause] = deque(maxlen=MOST)

    def note(
        self,
        ksef: LocalKsef,
        *,
        trace_id: str,
        refs: Iterable[str],
        operation: str,
        context: str,
        status: int,
        said: str,
        why: str,
    ) -> None:
        """Keep the cause of a refusal; without one, what was said is all there is to say."""
        cause = Cause(
            at=stamp(ksef.clock.now()),
            trace_id=trace_id,
            refs=" ".join(ref for ref in refs if _is_number(ref)),
            operation=_clean(operation),
            context=context,
            status=status,
            said=_clean(said),
            why=_clean(why or said),
        )
        self.keep(ksef, cause)

    def keep(self, ksef: LocalKsef, cause: Cause) -> None:
        """The cause waits to be written, where causes are written."""
        self.pending.append(cause)
        ksef.work.wake("why")

    def by_key(self, ksef: LocalKsef, key: str) -> list[dict[str, Any]]:
        """Causes by trace id or reference number, newest first; at most a thousand."""
        fresh = [cause for cause in self.pending if key == cause.trace_id or key in cause.refs.split()]

        def find(db: Connection) -> list[dict[str, Any]]:
            columns = causes.c
            near = or_(columns.trace_id == key, columns.refs.contains(key, autoescape=True))
            rows = db.execute(select(causes).where(near).order_by(columns.id.desc()).limit(_ANSWERED))
            kept = [row for row in rows.mappings() if key == row["trace_id"] or key in row["refs"].split()]
            return [_shown(row) for row in kept] + _of_work(db, partial(_about, key))

        return _once([_shown(asdict(cause)) for cause in reversed(fresh)] + ksef.store.read(find))

    def since(
        self, ksef: LocalKsef, moment: datetime, *, context: str = "", last: int | None = None
    ) -> list[dict[str, Any]]:
        """Causes from an instant on, oldest first; at most a thousand.

        `context`: those of one context alone, `Nip 5265877635` or only its value. `last`: the newest so
        many, where otherwise the oldest thousand are told.
        """
        start, many = stamp(moment), min(last or _ANSWERED, _ANSWERED)
        kind, _, value = context.rpartition(" ")

        def find(db: Connection) -> list[dict[str, Any]]:
            columns = causes.c
            query = select(causes).where(columns.at >= start)
            if kind:
                query = query.where(columns.context == context)
            elif value:
                query = query.where(columns.context.endswith(f" {value}", autoescape=True))
            query = query.order_by(columns.id.desc() if last else columns.id).limit(many)
            return [_shown(row) for row in db.execute(query).mappings()] + _of_work(db, of_context, last)

        def of_context(table: Table) -> Any:
            near = _moment(table) >= start
            if not value:
                return near
            if "context_value" not in table.c:
                return false()
            mine = near & (table.c.context_value == value)
            return mine & (table.c.context_type == kind) if kind else mine

        fresh = [
            _shown(asdict(cause))
            for cause in self.pending
            if cause.at >= start and _is_of(cause.context, context)
        ]
        found = _once(sorted(ksef.store.read(find) + fresh, key=lambda each: str(each["at"])))
        return found[-many:] if last else found[:many]


def _is_of(context: str, asked: str) -> bool:
    """Whether a context (`Nip 5265877635`) is the one asked for, by type and value or by value; "" is any."""
    return asked in ("", context) or context.partition(" ")[2] == asked


def _once(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without repetition: a cause that is just written is found in both places."""
    by_trace = {each.get("traceId", id(each)): each for each in reversed(found)}
    return list(reversed(by_trace.values()))


def tell(ref: str, status: int, why: str | None) -> None:
    """A line of the log for work that failed after 202; its cause stands in its row."""
    if why:
        log.info("%s: status %s; why: %s", ref, status, loggable(in_language(why, language())))


#: Reference numbers (auth.md section 7) and KSeF numbers.
_NUMBERS: Final = re.compile(
    rb"(?<![0-9A-Za-z-])(?:[0-9]{8}-[A-Z]{2}-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}"
    rb"|[0-9]{10}-[0-9]{8}-[0-9A-F]{12}-[0-9A-F]{2})(?![0-9A-Za-z-])"
)
#: Bytes of a body that are looked through, and numbers that are noted.
_LOOKED_THROUGH: Final = 65_536
_NOTED: Final = 10


def numbers_in(body: bytes) -> list[str]:
    """The first few numbers that a body names, so that its refusal is found by them."""
    return [number.decode() for number in dict.fromkeys(_NUMBERS.findall(body, 0, _LOOKED_THROUGH))][:_NOTED]


def _is_number(ref: str) -> bool:
    """Whether a path parameter may be somebody's number; anything can stand in a path."""
    return len(ref) <= 64 and ref.isascii() and ref.isprintable() and " " not in ref


def _clean(text: str) -> str:
    return "\n".join(loggable(line) for line in text.splitlines()[:2])


def _moment(table: Table) -> Any:
    return next(table.c[name] for name in _MOMENTS if name in table.c)


def _about(key: str, table: Table) -> Any:
    named = [table.c[name] == key for name in ("ref", "session_ref") if name in table.c]
    return or_(*named)


def _of_work(db: Connection, where: Any, last: int | None = None) -> list[dict[str, Any]]:
    """What failed after 202, from every table whose rows have a number, a status and a cause.

    An application for a certificate has no context: it belongs to a person.
    """
    found = []
    for table in metadata.sorted_tables:
        if not {"ref", "status", "why"} <= set(table.c.keys()) or table is causes:
            continue
        placed, within = "context_value" in table.c, "session_ref" in table.c
        columns = [table.c.ref, table.c.status, table.c.why, _moment(table).label("at")]
        if placed:
            columns += [table.c.context_type, table.c.context_value]
        if within:
            columns.append(table.c.session_ref)
        query = select(*columns).where(table.c.why.is_not(None), where(table)).limit(_ANSWERED)
        if last:
            query = query.order_by(_moment(table).desc())
        for row in db.execute(query):
            found.append(
                {
                    "at": wire_time(instant(row.at)),
                    "referenceNumbers": [row.ref, row.session_ref] if within else [row.ref],
                    "kind": table.name,
                    "context": f"{row.context_type} {row.context_value}" if placed else "",
                    "status": row.status,
                    "why": _pair(_clean(row.why)),
                }
            )
    return found


def _shown(cause: Any) -> dict[str, Any]:
    return {
        "at": wire_time(instant(cause["at"])),
        "traceId": cause["trace_id"],
        "referenceNumbers": cause["refs"].split(),
        "operation": cause["operation"],
        "context": cause["context"],
        "status": cause["status"],
        "said": cause["said"],
        "why": _pair(cause["why"]),
    }


def _pair(why: str) -> dict[str, str]:
    return {"en": in_language(why, "en"), "pl": in_language(why, "pl")}


@step("why")
async def write_down(ksef: LocalKsef) -> bool:
    """One round: write what gathered, and forget what is too old to be kept."""
    pending = ksef.causes.pending
    if not pending:
        return False
    await asyncio.sleep(_GATHER)
    batch = list(pending)

    def write(db: Connection) -> None:
        db.execute(insert(causes), [asdict(cause) for cause in batch])
        newest = db.execute(select(func.max(causes.c.id))).scalar_one()
        db.execute(delete(causes).where(causes.c.id <= newest - MOST))

    await ksef.store.write(write)
    # Written, so no longer pending; what came meanwhile stays (and a full queue has dropped the oldest).
    written = set(map(id, batch))
    while pending and id(pending[0]) in written:
        pending.popleft()
    return True
