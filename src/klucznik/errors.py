"""The one tree of errors that a user of the package meets.

Each carries two things besides its sentence: `again`, all that a loop reads, and `hint`, all that
a person needs to go on. `exit_code` is what the command line ends with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

#: `later`: the same call may be repeated. `look`: it may have been carried out, look before sending
#: again. `never`: repeating it unchanged gives the same refusal.
Again = Literal["later", "look", "never"]


class KlucznikError(Exception):
    """Root of the tree. `again` says whether to repeat, `hint` what a person does next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", again: Again = "never") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.again: Again = again

    def __str__(self) -> str:
        return f"{self.message} hint: {self.hint}" if self.hint else self.message


class Refused(KlucznikError):
    """KSeF answered and said no (HTTP 400, 401, 403, 410 or a final status of failure).

    `status` is the HTTP status, `code` KSeF's own code (0 where it gives none), `details` its own
    words, `trace_id` what its support asks for, `extensions` what a status adds (440 names the
    original invoice there).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: int = 0,
        details: Sequence[str] = (),
        trace_id: str = "",
        reason: str = "",
        extensions: dict[str, str] | None = None,
        hint: str = "",
        again: Again = "never",
    ) -> None:
        super().__init__(message, hint=hint, again=again)
        self.status = status
        self.code = code
        self.details = tuple(details)
        self.trace_id = trace_id
        self.reason = reason
        self.extensions = extensions or {}


class TooManyRequests(KlucznikError):
    """HTTP 429: `retry_after` seconds must pass before the next call of the same group."""

    def __init__(self, message: str, *, retry_after: float, hint: str = "") -> None:
        super().__init__(message, hint=hint, again="later")
        self.retry_after = retry_after


class Unreachable(KlucznikError):
    """The call did not leave: nothing was sent, repeating it is safe."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, again="later")


class SentNoAnswer(KlucznikError):
    """The call left and no answer came: it may have been carried out. Look before sending again.

    `again` is `later` for a call that only reads, where looking is the same as repeating.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", again: Again = "look") -> None:
        super().__init__(message, hint=hint, again=again)


class TookTooLong(KlucznikError):
    """KSeF did not finish an asynchronous operation in the time allowed; it may still finish."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, again="look")


class Unreadable(KlucznikError):
    """Something given to us cannot be read: a file, a key, a number, an answer."""

    exit_code = 2


class Unwritable(KlucznikError):
    """Something of ours cannot be written: the disk is full, the folder is not ours."""

    exit_code = 2


class CannotServe(KlucznikError):
    """A port that a server should listen on is taken, or not ours to use."""

    exit_code = 2


class VaultProblem(KlucznikError):
    """The vault is locked, damaged, or does not hold what was asked for."""

    exit_code = 2
