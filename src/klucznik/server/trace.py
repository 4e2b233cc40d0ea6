"""What was called: the last calls, in memory. Names and figures only, no body, no secret, no address."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from klucznik.wire.base import wire_time

#: Calls remembered.
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Traced:
    """One call. `milliseconds` are those of the machine, whatever the clock of the KSeF does."""

    at: datetime
    operation: str
    context: str
    status: int  # 0: the answer was dropped by a fault
    milliseconds: float
    trace_id: str

    def telling(self) -> list[Any]:
        """As JSON, for another process; `told` reads it."""
        return [self.at.isoformat(), *(getattr(self, field.name) for field in fields(self)[1:])]

    @classmethod
    def told(cls, parts: list[Any]) -> Traced:
        """The call that another process noted."""
        return cls(datetime.fromisoformat(parts[0]), *parts[1:])


class Trace:
    """The calls of one local KSeF, newest last."""

    def __init__(self) -> None:
        self._calls: deque[Traced] = deque(maxlen=MOST)

    def note(self, call: Traced) -> None:
        """Remember a call; the oldest one makes room."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget all."""
        self._calls.clear()

    def shown(
        self, operation: str | None = None, last: int = 1_000, context: str = ""
    ) -> list[dict[str, Any]]:
        """The last calls, oldest first; of one operation, in one context (`Nip 5265877635`), if named."""
        found = [
            call
            for call in self._calls
            if operation in (None, call.operation) and context in ("", call.context)
        ]
        return [
            {
                "at": wire_time(call.at),
                "operation": call.operation,
                "context": call.context,
                "status": call.status,
                "durationMs": round(call.milliseconds, 3),
                "traceId": call.trace_id,
            }
            for call in found[-last:]
        ]
