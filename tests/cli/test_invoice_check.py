"""`klucznik invoice check`: files, folders and standard input, for people and for programs."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from klucznik.cli.invoice_check import MANY, shown
from klucznik.clock import WARSAW
from klucznik.documents import samples
from processes import KLUCZNIK, PATIENCE, Terminal, environment

NIP, BUYER = "5265877635", "1111111111"
NOW = datetime.now(UTC)
DAY = NOW.astimezone(WARSAW).date()


def invoice(number: str) -> bytes:
    return samples.invoice(NIP, BUYER, number, DAY, NOW)


GOOD = invoice("FV/1")
WRONG = GOOD.replace(b"<P_15>439.85", b"<P_15>999.85")
INVALID = GOOD.replace(b"<P_15>439.85", b"<P_15>439,85")
BROKEN = GOOD[:-30]
SUM_GROSS = {
    "code": "sum-gross",
    "severity": "error",
    "path": "Fa/P_15",
    "message": "the totals by rate add up to 439.85, but P_15 is 999.85",
}


@pytest.fixture
def desk(tmp_path: Path) -> Terminal:
    return Terminal(home=tmp_path, cwd=tmp_path)


def lay(desk: Terminal, **files: bytes) -> None:
    for name, content in files.items():
        (desk.home / f"{name}.xml").write_bytes(content)


def test_a_clean_invoice_is_told_in_one_line(desk: Terminal) -> None:
    lay(desk, a=GOOD)
    assert desk.run("invoice", "check", "a.xml").out == (
        "✓ a.xml\n1 checked: 1 clean, 0 faulty, 0 unreadable; errors 0, warnings 0, hints 0\n"
    )


def test_findings_stand_below_their_file_and_end_with_their_code(desk: Terminal) -> None:
    lay(desk, a=GOOD, b=WRONG.replace(b"FV/1", b"FV/2"))
    done = desk.run("invoice", "check", "a.xml", "b.xml", code=1)
    assert done.out.splitlines()[:3] == [
        "✓ a.xml",
        "✗ b.xml",
        f"    error: Fa/P_15: {SUM_GROSS['message']} [sum-gross]",
    ]


def test_the_system_speaks_polish_too(tmp_path: Path) -> None:
    desk = Terminal(home=tmp_path, cwd=tmp_path, language="pl")
    assert "błąd: nie ma takiego pliku [file]" in desk.run("invoice", "check", "none.xml", code=2).out


def test_polish_is_spoken(desk: Terminal) -> None:
    lay(desk, b=WRONG)
    desk.language = "pl"
    out = desk.run("invoice", "check", "b.xml", code=1).out
    assert "błąd: Fa/P_15: sumy według stawek dają 439.85, a P_15 to 999.85 [sum-gross]" in out
    assert "sprawdzono 1: bez błędów 0, z błędami 1" in out


def test_a_program_reads_one_object_a_line(desk: Terminal) -> None:
    lay(desk, a=GOOD, b=WRONG.replace(b"FV/1", b"FV/2"))
    done = desk.run("invoice", "check", "--json", "a.xml", "b.xml", code=1)
    assert done.objects() == [
        {"file": "a.xml", "verdict": "clean", "findings": []},
        {"file": "b.xml", "verdict": "faulty", "findings": [SUM_GROSS]},
    ]


def test_the_schema_comes_first_and_alone(desk: Terminal) -> None:
    lay(desk, a=INVALID)
    (told,) = desk.run("invoice", "check", "--json", "a.xml", code=1).objects()
    assert told["verdict"] == "faulty"
    assert [(one["code"], one["severity"], one["path"]) for one in told["findings"]] == [
        ("schema", "error", "Fa/P_15")
    ]


def test_what_cannot_be_read_is_said_and_the_rest_is_judged(desk: Terminal) -> None:
    lay(desk, a=BROKEN, b=WRONG)
    (desk.home / "empty").mkdir()
    done = desk.run("invoice", "check", "--json", "none.xml", "a.xml", "empty", "b.xml", code=2)
    told = [(one["file"], one["verdict"], [f["code"] for f in one["findings"]]) for one in done.objects()]
    assert told == [
        ("none.xml", "unreadable", ["file"]),
        ("a.xml", "unreadable", ["xml"]),
        ("empty", "unreadable", ["file"]),
        ("b.xml", "faulty", ["sum-gross"]),
    ]


def test_hints_and_warnings_do_not_fail(desk: Terminal) -> None:
    lay(desk, a=samples.fa2_invoice(NIP, BUYER, "FV/1", DAY, NOW))
    out = desk.run("invoice", "check", "a.xml").out
    assert "warning: Naglowek/KodFormularza" in out
    assert "errors 0, warnings 1" in out


def test_folders_are_walked_and_each_file_is_judged_once(desk: Terminal) -> None:
    below = desk.home / "2026" / "07"
    below.mkdir(parents=True)
    (below / "a.xml").write_bytes(GOOD)
    (below / "B.XML").write_bytes(invoice("FV/2"))
    (below / "notes.txt").write_text("no invoice")
    done = desk.run("invoice", "check", "--json", "2026", "2026/07/a.xml")
    assert sorted(one["file"] for one in done.objects()) == ["2026/07/B.XML", "2026/07/a.xml"]


def test_standard_input_is_a_file_too(desk: Terminal) -> None:
    (told,) = desk.run("invoice", "check", "--json", "-", typed=WRONG, code=1).objects()
    assert (told["file"], told["findings"]) == ("-", [SUM_GROSS])


def test_an_output_without_our_letters_gets_escapes(desk: Terminal) -> None:
    lay(desk, a=WRONG.replace(b"FV/1", "FV/\U0001d542\u0416a".encode()))
    desk = replace(desk, more={"PYTHONIOENCODING": "cp1250"})
    assert "\\u2717 a.xml" in desk.run("invoice", "check", "a.xml", code=1).out
    (told,) = desk.run("invoice", "check", "--json", "a.xml", code=1).objects()
    assert "'FV/\U0001d542\u0416a'" in told["findings"][0]["message"]


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="names of files are always letters here")
def test_a_name_that_is_no_text_can_be_told_and_found_again(desk: Terminal) -> None:
    (desk.home / os.fsdecode(b"a\xff.xml")).write_bytes(GOOD)
    (told,) = desk.run("invoice", "check", "--json", ".").objects()
    assert os.fsencode(told["file"]) == b"a\xff.xml"


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by the shell")
@pytest.mark.parametrize(("closed", "code"), [("<&-", 2), (">&-", 1), ("2>&-", 1)])
def test_closed_streams_are_no_fault(desk: Terminal, closed: str, code: int) -> None:
    lay(desk, a=WRONG)
    file = "-" if closed == "<&-" else "a.xml"
    done = subprocess.run(
        ["sh", "-c", f'"$0" invoice check {file} {closed}', KLUCZNIK],
        capture_output=True,
        env=environment(desk.home),
        cwd=desk.home,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (code, b"")


def test_a_number_given_twice_names_both_files(desk: Terminal) -> None:
    lay(desk, a=GOOD, b=GOOD.replace(b"HB", b"2B"), c=GOOD)
    told = desk.run("invoice", "check", "--json", "a.xml", "b.xml", "c.xml", code=1).objects()
    assert [(one["verdict"], [f["code"] for f in one["findings"]]) for one in told] == [
        ("clean", []),
        ("faulty", ["number-twice"]),
        ("clean", ["file-twice"]),
    ]
    assert "a.xml" in told[1]["findings"][0]["message"]
    assert "b.xml" in told[1]["findings"][0]["message"]


def test_only_the_schema_or_only_one_form(desk: Terminal) -> None:
    lay(desk, a=WRONG)
    desk.run("invoice", "check", "--schema-only", "a.xml")
    done = desk.run("invoice", "check", "--form", "FA (2)", "--json", "a.xml", code=1)
    assert [one["code"] for one in done.objects()[0]["findings"]] == ["schema"]
    desk.run("invoice", "check", "--form", "FA (9)", "a.xml", code=64)


def test_official_schemas_may_be_used(desk: Terminal) -> None:
    official = Path(__file__).parents[2].parent / "shared" / "ksef" / "schemas"
    if not official.exists():
        pytest.skip("the official schemas are not beside this repository")
    lay(desk, a=WRONG, b=INVALID)
    done = desk.run("invoice", "check", "--schemas", official, "--json", "a.xml", "b.xml", code=1)
    assert [[f["code"] for f in one["findings"]] for one in done.objects()] == [["sum-gross"], ["schema"]]
    nothing = desk.home / "nothing"
    nothing.mkdir()
    assert str(nothing) in desk.run("invoice", "check", "--schemas", nothing, "a.xml", code=2).err


# ---- thousands -------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """More invoices than one process judges, one of them wrong."""
    many = tmp_path / "many"
    many.mkdir()
    for n in range(MANY + 50):
        (many / f"{n:05}.xml").write_bytes(invoice(f"FV/{n}") if n != 7 else WRONG.replace(b"FV/1", b"FV/7"))
    return many


def test_many_files_keep_their_order_and_only_the_wrong_are_told(desk: Terminal, folder: Path) -> None:
    told = desk.run("invoice", "check", "--json", folder, code=1).objects()
    assert [one["file"] for one in told] == sorted(str(path) for path in folder.iterdir())
    lines = desk.run("invoice", "check", folder, code=1).out.splitlines()
    assert lines[0] == f"✗ {folder / '00007.xml'}"
    assert lines[-1].startswith(f"{MANY + 50} checked: {MANY + 49} clean, 1 faulty, 0 unreadable")
    assert len(lines) == 3


def test_a_reader_may_leave(folder: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [KLUCZNIK, "invoice", "check", "--json", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(PATIENCE) == 0


def test_an_interrupt_ends_every_process_quietly(folder: Path, tmp_path: Path) -> None:
    for n in range(2000):
        (folder / f"more-{n:05}.xml").write_bytes(GOOD)
    with subprocess.Popen(
        [KLUCZNIK, "invoice", "check", "--json", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
        start_new_session=True,
    ) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        os.killpg(running.pid, signal.SIGINT)
        running.stdout.close()
        # Read to its end, which comes when the last process that inherited it is gone.
        assert running.stderr.read().strip() == b"Interrupted."
        assert running.wait(PATIENCE) == 130


def test_a_terminal_sees_colours_and_nothing_that_it_would_obey(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m.xml").write_bytes(WRONG)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [KLUCZNIK, "invoice", "check", tmp_path],
        stdout=theirs,
        stderr=theirs,
        env={name: value for name, value in environment(tmp_path).items() if name != "NO_COLOR"},
    ) as running:
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 65536):
                said += part
        except OSError:  # the end of a terminal on Linux
            pass
        assert running.wait(PATIENCE) == 1
    os.close(ours)
    assert b"\x1b[31merror" in said
    assert b"a\xef\xbf\xbd[31m.xml" in said


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    assert shown("zł\x1b[2J\r\n\u202e") == "zł\N{REPLACEMENT CHARACTER}[2J" + "\N{REPLACEMENT CHARACTER}" * 3


@pytest.mark.slow
def test_thousands_take_seconds(tmp_path: Path, desk: Terminal) -> None:
    many = tmp_path / "thousands"
    many.mkdir()
    for n in range(5000):
        (many / f"{n}.xml").write_bytes(invoice(f"FV/{n}"))
    begun = time.monotonic()
    desk.run("invoice", "check", many)
    assert timedelta(seconds=time.monotonic() - begun) < timedelta(seconds=30)
