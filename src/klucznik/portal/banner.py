"""What every page tells of the local KSeF where something is not as usual: the clock, the tokens' policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from klucznik.portal.door import Door, DoorError

#: A clock this close to the machine's is not worth a word.
_NEAR: Final = 60


@dataclass(frozen=True)
class Banner:
    """`now` at KSeF, whether it stands still, seconds it is ahead; the policy of KSeF tokens."""

    now: datetime
    frozen: bool
    ahead: float
    policy: str

    @property
    def moved(self) -> bool:
        """Whether the clock runs, but elsewhere."""
        return not self.frozen and abs(self.ahead) > _NEAR

    @property
    def policy_is_usual(self) -> bool:
        return self.policy == "legacy"


async def banner(door: Door) -> Banner | None:
    """What to tell; None where all is as usual, or the door does not answer (pages that need it say so)."""
    try:
        scene = await door.scene()
    except DoorError:
        return None
    found = Banner(
        datetime.fromisoformat(scene["now"]), scene["frozen"], scene["offsetSeconds"], scene["tokens"]
    )
    return found if found.frozen or found.moved or not found.policy_is_usual else None
