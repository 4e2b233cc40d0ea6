"""`klucznik invoice check`: files and folders judged, many at once, without any KSeF."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from multiprocessing import get_context, resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.common import print_json
from klucznik.cli.options import json_option
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.documents.checks.finding import Finding
    from klucznik.documents.checks.verdict import Verdict, Wanted

STDIN = "-"
#: From so many files on, processes of their own pay off: each takes half a second to start.
MANY = 300
#: Files that a process takes at a time.
CHUNK = 32
#: With more files than this, those without a finding are only counted.
_ALL_TOLD = 20

_COLOURS = {"error": "red", "warning": "yellow", "hint": "cyan"}
_SEVERITIES = {
    "error": tr("error", "błąd"),
    "warning": tr("warning", "ostrzeżenie"),
    "hint": tr("hint", "uwaga"),
}
_MARKS = {
    "clean": ("✓", "green"),
    "faulty": ("✗", "red"),
    "unreadable": ("?", "red"),
}
_IN_POLISH = {
    errno.ENOENT: "nie ma takiego pliku",
    errno.EACCES: "brak prawa do odczytu",
    errno.EIO: "błąd odczytu",
}
_FORMS = ["FA (2)", "FA (3)", "FA_RR (1)", "PEF (3)", "PEF_KOR (3)"]


@click.command(
    help=tr(
        "Check invoices before they are sent: the schema, then what KSeF does not check but people regret: "
        "sums, tax, NIPs, dates, accounts, numbers given twice.\n\nFILES are files, folders (all *.xml below "
        "them) or - for standard input. Each finding ends with its code; docs/checks.md explains it. With "
        "--json one object a line: file, verdict (clean, faulty, unreadable), findings. Exit code 0 when no "
        "finding is an error, 1 when one is, 2 when a file is unreadable or not XML.",
        "Sprawdź faktury przed wysłaniem: schemat, a potem to, czego KSeF nie sprawdza, a czego ludzie żałują: "
        "sumy, podatek, NIP-y, daty, rachunki, powtórzone numery.\n\nFILES to pliki, katalogi (wszystkie *.xml "
        "w nich) albo - dla standardowego wejścia. Każda uwaga kończy się kodem; objaśnia go docs/checks.md. "
        "Z --json jeden obiekt w wierszu: file, verdict (clean, faulty, unreadable), findings. Kod wyjścia 0, "
        "gdy nie ma błędów, 1, gdy są, 2, gdy plik jest nieczytelny albo nie jest XML.",
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--form",
    type=click.Choice(_FORMS),
    default=None,
    help=tr(
        "The form they must be of; default: whichever they are.",
        "Formularz, jakiego mają być; domyślnie jaki są.",
    ),
)
@click.option(
    "--schema-only",
    is_flag=True,
    help=tr("Only what KSeF would refuse by its schema.", "Tylko to, co KSeF odrzuciłby według schematu."),
)
@click.option(
    "--schemas",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    metavar="FOLDER",
    help=tr("Use the official XSD files of this folder.", "Użyj oficjalnych plików XSD z tego katalogu."),
)
@json_option
def check(
    files: tuple[str, ...], form: str | None, schema_only: bool, schemas: Path | None, as_json: bool
) -> int:
    from klucznik.clock import SystemClock
    from klucznik.documents.checks.together import Numbers
    from klucznik.documents.checks.verdict import Wanted

    names, missing = listed(files)
    there = [name for name in names if name not in missing]
    numbers = Numbers()
    counted: Counter[str] = Counter()
    told_all = len(names) <= _ALL_TOLD
    judged = judged_all(there, SystemClock().now(), Wanted(form, schema_only, schemas))
    with closing(judged), _bar(len(names), hidden=len(names) < MANY) as advance:
        for name in names:
            verdict = missing[name] if name in missing else next(judged)
            if verdict.key is not None:
                verdict = verdict.also(numbers.meet(verdict.key, name, verdict.digest))
            counted[verdict.word] += 1
            counted.update(finding.severity for finding in verdict.findings)
            if as_json:
                print_json(as_dict(name, verdict))
            elif verdict.findings or told_all:
                for line in lines(name, verdict):
                    _tell(line)
            advance()
    if not as_json:
        _tell(summary(counted))
    return 2 if counted["unreadable"] else 1 if counted["faulty"] else 0


# ---- which files -----------------------------------------------------------------------------------


def listed(given: Sequence[str]) -> tuple[list[str], dict[str, Verdict]]:
    """Files as named, folders as the *.xml below them, each once; and which of them cannot be listed."""
    from klucznik.documents.checks.verdict import unreadable

    names: dict[str, None] = {}
    missing: dict[str, Verdict] = {}

    def fails(name: str, why: str) -> None:
        names[name] = None
        missing[name] = unreadable("file", why)

    def failed(error: OSError) -> None:
        fails(str(error.filename), _why(error))

    for one in given:
        if one == STDIN or not Path(one).is_dir():
            names[one] = None
            continue
        before = len(names)
        for folder, below, inside in os.walk(one, onerror=failed):
            below.sort()
            for name in sorted(inside):
                path = Path(folder) / name
                if name.lower().endswith(".xml") and path.is_file():
                    names[str(path)] = None
        if before == len(names):
            fails(one, tr("no *.xml in this folder", "brak *.xml w katalogu"))
    return list(names), missing


def _why(failed: OSError) -> str:
    """What the system says, in the language of the terminal as far as it is usual."""
    said = failed.strerror or str(failed)
    return tr(said, _IN_POLISH.get(failed.errno or 0, said))


# ---- judging ---------------------------------------------------------------------------------------


def judged_all(names: Sequence[str], now: datetime, wanted: Wanted) -> Generator[Verdict]:
    """The verdict on every file, in order; in several processes when they are many."""
    workers = min(os.cpu_count() or 1, 16)
    if len(names) < MANY or workers == 1:
        for name in names:
            yield judge_file(name, now, wanted)
        return
    chunks = (names[at : at + CHUNK] for at in range(0, len(names), CHUNK))
    # Started anew, not forked: nothing of this process is shared, on every system alike.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_leave_interrupts)
    # No more than this is on its way, so memory does not grow with the number of files.
    waiting: deque[Future[list[Verdict]]] = deque()
    try:
        for chunk in chunks:
            waiting.append(_submit(pool, chunk, now, wanted))
            if len(waiting) >= 4 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(
    pool: ProcessPoolExecutor, chunk: Sequence[str], now: datetime, wanted: Wanted
) -> Future[list[Verdict]]:
    """Hand a chunk to the pool, which may start a process: one that inherits the deafness to Ctrl-C.

    Meanwhile Ctrl-C waits, and is not lost. (Windows lets nothing inherit.)
    """
    if sys.platform == "win32":
        return pool.submit(judge_files, chunk, now, wanted)
    # Started by itself: up to Python 3.11 its start lets signals through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(judge_files, chunk, now, wanted)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_interrupts() -> None:
    """Ctrl-C is for the process at the terminal, which ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def judge_files(names: Sequence[str], now: datetime, wanted: Wanted) -> list[Verdict]:
    return [judge_file(name, now, wanted) for name in names]


def judge_file(name: str, now: datetime, wanted: Wanted) -> Verdict:
    """The verdict on one file. Never more of it is read than an invoice may be."""
    from klucznik.documents.checks.verdict import judge, unreadable
    from klucznik.documents.xml import INVOICE_LIMIT

    try:
        if name == STDIN:
            document = sys.stdin.buffer.read(INVOICE_LIMIT + 1)
        else:
            with Path(name).open("rb") as file:
                document = file.read(INVOICE_LIMIT + 1)
    except OSError as failed:
        return unreadable("file", _why(failed))
    return judge(document, now, wanted)


# ---- telling ---------------------------------------------------------------------------------------


def as_dict(name: str, verdict: Verdict) -> dict[str, Any]:
    """For programs: the line of `--json`."""
    return {
        "file": name,
        "verdict": verdict.word,
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "path": finding.path,
                "message": finding.message,
            }
            for finding in verdict.findings
        ],
    }


def lines(name: str, verdict: Verdict) -> Iterator[str]:
    """For a person: the file, then its findings."""
    mark, colour = _MARKS[verdict.word]
    yield f"{click.style(mark, fg=colour)} {click.style(shown(name), bold=True)}"
    for finding in verdict.findings:
        yield f"    {_told(finding)}"


def _told(finding: Finding) -> str:
    severity = click.style(_SEVERITIES[finding.severity], fg=_COLOURS[finding.severity])
    place = "" if finding.message.startswith(finding.path) else f"{finding.path}: "
    return f"{severity}: {place}{shown(finding.message)} {click.style(f'[{finding.code}]', dim=True)}"


def shown(text: str) -> str:
    """Text of strangers, without what a terminal would obey."""
    return "".join(c if c.isprintable() or c == " " else "\N{REPLACEMENT CHARACTER}" for c in text)


def summary(counted: Counter[str]) -> str:
    """The last line: how many files, how many findings."""
    total = counted["clean"] + counted["faulty"] + counted["unreadable"]
    return tr(
        f"{total} checked: {counted['clean']} clean, {counted['faulty']} faulty, {counted['unreadable']} unreadable; "
        f"errors {counted['error']}, warnings {counted['warning']}, hints {counted['hint']}",
        f"sprawdzono {total}: bez błędów {counted['clean']}, z błędami {counted['faulty']}, nieczytelne "
        f"{counted['unreadable']}; błędy {counted['error']}, ostrzeżenia {counted['warning']}, uwagi {counted['hint']}",
    )


def _tell(line: str) -> None:
    click.echo(line, color=False if os.environ.get("NO_COLOR") else None)


@contextmanager
def _bar(total: int, *, hidden: bool) -> Iterator[Any]:
    """A bar on standard error when that is a terminal; gives what moves it by one file."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        console=console,
        disable=hidden or not console.is_terminal,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=False,
    ) as progress:
        task = progress.add_task(tr("checked", "sprawdzono"), total=total)
        yield lambda: progress.advance(task)
