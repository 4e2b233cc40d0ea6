"""The conditions a rehearsal runs under, until they are changed: what is slow, how long pages are.

Beside these the scenario (`PUT /scenario`) has the policy of KSeF tokens (`token_policy`) and the lag of
the high water mark (`storage`). What stands here is kept in the settings of the store and read from there
each time: every process sees it, and a restart keeps it. A fault script is for one test; a scenario stays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from klucznik.server.store import keep_setting, setting

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

_SETTING: Final = "scenario"


@dataclass(frozen=True)
class Scenario:
    """`slow`: seconds by which each round of a step is late; `page_size`: the largest page, None as asked."""

    slow: dict[str, float] = field(default_factory=dict)
    page_size: int | None = None

    @classmethod
    def read(cls, db: Connection) -> Scenario:
        """The scenario in force."""
        kept = setting(db, _SETTING)
        if kept is None:
            return cls()
        found = json.loads(kept)
        return cls(found["slow"], found["pageSize"])

    def keep(self, db: Connection) -> None:
        """From now on this one."""
        keep_setting(db, _SETTING, json.dumps({"slow": self.slow, "pageSize": self.page_size}))


def hold(ksef: LocalKsef, step: str) -> float | None:
    """Seconds by which a step of work is late, by scenario and fault script; None when it is stuck."""
    ordered = ksef.faults.hold(step)
    if ordered is None:
        return None
    return ordered + ksef.store.look(Scenario.read).slow.get(step, 0)


def page_size(ksef: LocalKsef) -> int | None:
    """The largest page that is given; None where nothing is ordered."""
    sizes = (ksef.faults.page_size, ksef.store.look(Scenario.read).page_size)
    return min((size for size in sizes if size is not None), default=None)
