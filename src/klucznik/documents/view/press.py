"""The press: typst, started once for each thread, with Roboto and nothing else of this machine.

Only the files of this folder can be read by a template, no system fonts, no packages, no network.
A process that has printed must not be forked: typst keeps threads, and the child would wait for them
for ever. Start a new one instead.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from klucznik.errors import Unreadable
from klucznik.lang import tr

if TYPE_CHECKING:
    from typst import Compiler

_HERE = Path(__file__).parent
#: A compiler refuses a second caller ("already borrowed") but lets other threads run meanwhile.
_own = threading.local()


def _compiler() -> Compiler:
    """The compiler of this thread. About 15 ms the first time, of which 10 for the fonts."""
    if not hasattr(_own, "compiler"):
        from typst import Compiler, Fonts

        spec = find_spec("font_roboto")
        if spec is None or spec.origin is None:
            raise Unreadable(
                tr("The font Roboto is missing.", "Brakuje kroju pisma Roboto."),
                hint='"pip install font-roboto"',
            )
        fonts = Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(Path(spec.origin).with_name("files"))],
        )
        nowhere = _HERE / "no-packages"  # does not exist: nothing can be imported from the net
        _own.compiler = Compiler(
            root=_HERE, font_paths=fonts, package_path=nowhere, package_cache_path=nowhere
        )
    compiler: Compiler = _own.compiler
    return compiler


def run(
    template: Literal["paper.typ", "picture.typ"],
    inputs: Mapping[str, str],
    form: Literal["pdf", "png"],
    *,
    ppi: float = 144,
    created: int = 0,
) -> list[bytes]:
    """What typst makes of a template of this folder: one PDF, or a PNG for each page.

    `created` is written into the PDF, in Unix seconds: the same input gives the same bytes. A PDF is
    tagged, and obeys PDF/UA-1: it can be read aloud. Errors: Unreadable.
    """
    from typst import TypstError

    try:
        made = _compiler().compile(
            input=str(_HERE / template),
            format=form,
            ppi=ppi,
            sys_inputs=dict(inputs),
            pdf_standards="ua-1" if form == "pdf" else None,
            timestamp=created,
        )
    except TypstError as error:
        raise Unreadable(
            tr("The document cannot be printed: ", "Dokumentu nie da się wydrukować: ") + str(error.message),
            hint=tr(
                "look at it as HTML or XML, and report it with the message above",
                "obejrzyj go jako HTML lub XML i zgłoś to z powyższym komunikatem",
            ),
        ) from error
    return [made] if isinstance(made, bytes) else list(made or ())
