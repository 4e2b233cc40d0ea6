"""Templates of the portal: rendered on the server, every value escaped."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from klucznik.clock import WARSAW

FOLDER: Final = Path(__file__).parent
templates: Final = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def moment(value: datetime | None) -> str:
    """An instant as people in Poland read it; a dash where there is none."""
    return value.astimezone(WARSAW).strftime("%Y-%m-%d %H:%M") if value else "–"


templates.filters["moment"] = moment
