"""A sheet as HTML: a page that needs nothing else, or an article for a page of ours.

No script, no outside resource, no style attribute: a Content-Security-Policy of
`default-src 'none'; style-src 'sha256-…'` (or a nonce) lets all of it through.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from klucznik.documents.view import fit, pictures
from klucznik.documents.view.blocks import Block, Code, Pair, Pairs, Section, Sheet, Table, Text, Total
from klucznik.documents.view.plain import plain, web_link

#: For the one `<style>` of a page that shows a `fragment`. Contrasts are 4.5:1 and more (WCAG AA).
STYLE = """
.sheet{--ink:#1f2a37;--muted:#56616e;--accent:#0b4f8a;--line:#cfd6de;--tint:#f3f6fa;--amber:#9a4508;
--amber-tint:#fff7e8;position:relative;overflow:hidden;color:var(--ink);background:#fff;
font:15px/1.45 Roboto,"Segoe UI",system-ui,-apple-system,sans-serif;font-variant-numeric:tabular-nums}
.sheet *{box-sizing:border-box}
.sheet :is(h1,h2,h3,p,dl,dd,figure){margin:0}
.sheet :is(h1,h2,h3,p,dt,dd,td,th,caption){white-space:pre-line;overflow-wrap:anywhere}
.sheet :is(td,th){overflow-wrap:break-word}
.sheet>header{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:end;gap:12px 32px;
padding-bottom:14px;border-bottom:3px solid var(--accent)}
.sheet .kind{color:var(--accent);font-weight:700;font-size:17px;margin-bottom:10px}
.sheet small{display:block;color:var(--muted);font-size:13px;font-weight:400;line-height:1.3}
.sheet h1{font-size:30px;line-height:1.15}
.sheet .ksef{text-align:right;font-weight:700}
.sheet section{margin-top:28px}
.sheet h2{font-size:19px;line-height:1.3;color:var(--accent)}
.sheet section>h2{padding-bottom:5px;margin-bottom:12px;border-bottom:1px solid var(--line)}
.sheet :is(h3,caption){font-size:15px;font-weight:700;text-align:left;color:var(--ink)}
.sheet .block+.block{margin-top:14px}
.sheet .block>:is(h2,h3){margin-bottom:6px}
.sheet dl{display:grid;grid-template-columns:fit-content(48%) 1fr;gap:5px 16px}
.sheet dl>div{display:contents}
.sheet dt,.sheet .note,.sheet footer{color:var(--muted)}
.sheet a{color:var(--accent);overflow-wrap:anywhere}
.sheet .columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:20px 36px}
.sheet .scroll{overflow-x:auto}
.sheet .scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.sheet table{width:100%;border-collapse:collapse;font-size:14px;line-height:1.35}
.sheet caption{padding-bottom:6px}
.sheet :is(td,th){padding:7px 9px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
.sheet .dense{font-size:13px}
.sheet .dense :is(td,th){padding:6px 5px}
.sheet thead th{background:var(--tint);border-bottom:2px solid var(--accent);vertical-align:middle}
.sheet tfoot td{background:var(--tint);border-top:2px solid var(--accent);font-weight:700}
.sheet :is(td,th).right{text-align:right}
.sheet :is(td,th).center{text-align:center}
.sheet td.whole{white-space:nowrap}
.sheet th.wordy{min-width:13em}
.sheet td.long{overflow-wrap:anywhere}
.sheet tr.before td{background:var(--amber-tint);color:var(--muted)}
.sheet .mark{display:inline-block;margin-right:7px;padding:1px 6px;border-radius:3px;background:var(--amber);
color:#fff;font-size:11px;font-weight:700;white-space:nowrap}
.sheet .strong{font-weight:700}
.sheet .warning{padding:10px 14px;background:var(--amber-tint);border-left:4px solid var(--amber)}
.sheet>.warning{margin-top:14px}
.sheet .total{display:flex;flex-wrap:wrap;justify-content:end;align-items:baseline;gap:2px 14px;
width:fit-content;margin-left:auto;padding:10px 18px;text-align:right;background:var(--tint);
border-radius:4px}
.sheet .total strong{font-size:24px;line-height:1.2}
.sheet .code{display:flex;flex-wrap:wrap;gap:12px 28px;align-items:center}
.sheet .code svg{display:block;max-width:100%;height:auto}
.sheet .code>div{flex:1 1 280px}
.sheet .code>div>*+*{margin-top:6px}
.sheet footer{margin-top:32px;padding-top:10px;border-top:1px solid var(--line);font-size:13px}
.sheet .watermark{position:absolute;inset:0;display:grid;place-items:center;pointer-events:none;z-index:1;
color:#8a94a6;opacity:.2;font-size:min(9vw,88px);font-weight:700;text-align:center}
.sheet .watermark span{transform:rotate(-35deg)}
@media(max-width:700px){.sheet .ksef{text-align:left}.sheet h1{font-size:24px}}
@media print{.sheet th.wordy{min-width:0}.sheet{font-size:9pt;overflow:visible}.sheet table{font-size:8pt}
.sheet h1{font-size:18pt}
.sheet .columns{grid-template-columns:repeat(auto-fit,minmax(200px,1fr))}
.sheet .scroll{overflow:visible}.sheet :is(tr,figure,.code,.total,.warning){break-inside:avoid}
.sheet :is(h2,h3,caption){break-after:avoid}.sheet section{margin-top:16px}
.sheet .watermark{position:fixed}.sheet *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
_PAGE_STYLE = """
html{color-scheme:light}
body{margin:0;background:#e9edf2}
main{max-width:1080px;margin:32px auto;padding:44px 52px;background:#fff;box-shadow:0 1px 4px #1f2a3733}
main.landscape{max-width:1320px}
@media(max-width:700px){main{margin:0;padding:22px 16px;box-shadow:none}}
@media print{body{background:none}main,main.landscape{max-width:none;margin:0;padding:0;box-shadow:none}}
"""

#: Characters: a longer word may be broken, a longer text keeps its column wide on a phone.
_LONG = 24


def _text(text: str) -> str:
    return escape(plain(text))


def _lang(sheet: Sheet) -> str:
    return "pl" if sheet.language == "pl" else "en"


def _linked(text: str, link: str) -> str:
    """The text, as a link when it is one of the web."""
    target = web_link(link)
    return (
        f'<a href="{escape(target)}" rel="noopener noreferrer">{_text(text)}</a>' if target else _text(text)
    )


def _heading(text: str, level: int) -> str:
    return f"<h{level}>{_text(text)}</h{level}>" if text else ""


def _pairs(block: Pairs, level: int) -> str:
    made = [_heading(block.heading, level)]

    def whole(pair: Pair) -> bool:
        return bool(pair.label and pair.value)

    for both, pairs in groupby(block.pairs, whole):
        if both:
            terms = (
                f"<div><dt>{_text(p.label)}:</dt><dd>{_linked(p.value, p.link)}</dd></div>" for p in pairs
            )
            made.append(f"<dl>{''.join(terms)}</dl>")
        else:
            made.extend(f"<p>{_linked(p.label or p.value, p.link)}</p>" for p in pairs)
    return f'<div class="block">{"".join(made)}</div>'


def _table(block: Table, language: str) -> str:
    if not block.columns:
        return ""
    sides = [column.align for column in block.columns]
    mark = fit.wordiest(block.columns)
    marked = "przed korektą" if language == "pl" else "before correction"

    def cells(row: Sequence[str], before: bool) -> str:
        made = []
        for x, (cell, side) in enumerate(zip(row, sides, strict=True)):
            names: list[str] = [side] if side != "left" else []
            if side == "right" and len(cell) < 20:
                names.append("whole")
            elif max(map(len, cell.split()), default=0) > _LONG:
                names.append("long")
            name = f' class="{" ".join(names)}"' if names else ""
            note = f'<span class="mark">{marked}</span>' if before and x == mark else ""
            made.append(f"<td{name}>{note}{_text(cell)}</td>")
        return "".join(made)

    wordy = [
        side != "right" and any(len(row[x]) > _LONG for row in block.rows) for x, side in enumerate(sides)
    ]
    head = "".join(
        f'<th scope="col" class="{column.align}{" wordy" * much}">{_text(column.title)}</th>'
        for column, much in zip(block.columns, wordy, strict=True)
    )
    rows = "".join(
        f'<tr class="before">{cells(row, True)}</tr>'
        if at in block.before
        else f"<tr>{cells(row, False)}</tr>"
        for at, row in enumerate(block.rows)
    )
    foot = f"<tfoot><tr>{cells(block.foot, False)}</tr></tfoot>" if block.foot else ""
    caption = f"<caption>{_text(block.heading)}</caption>" if block.heading else ""
    dense = ' class="dense"' if len(sides) > 8 else ""
    name = _text(block.heading or ("Tabela" if language == "pl" else "Table"))
    return (
        f'<div class="block scroll" role="group" tabindex="0" aria-label="{name}"><table{dense}>{caption}'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>{foot}</table></div>"
    )


def _code(block: Code, level: int) -> str:
    picture = pictures.svg(block.link, block.label).replace(
        "<svg ", f'<svg width="{block.size * 4 // 3}" ', 1
    )
    text = f"<p>{_text(block.text)}</p>" if block.text else ""
    return (
        f'<div class="block code"><figure>{picture}</figure><div>{_heading(block.heading, level)}'
        f"{text}<p>{_linked(block.link, block.link)}</p></div></div>"
    )


def _block(block: Block, level: int, language: str) -> str:
    if isinstance(block, Pairs):
        return _pairs(block, level)
    if isinstance(block, Table):
        return _table(block, language)
    if isinstance(block, Text):
        return f'<p class="block {block.tone}">{_text(block.text)}</p>'
    if isinstance(block, Total):
        return (
            f'<p class="block total"><span>{_text(block.label)}</span> '
            f"<strong>{_text(block.value)}</strong></p>"
        )
    if isinstance(block, Code):
        return _code(block, level)
    columns = (
        f"<div>{''.join(_block(one, level, language) for one in column)}</div>" for column in block.columns
    )
    return f'<div class="block columns">{"".join(columns)}</div>'


def _section(section: Section, anchor: str, level: int, language: str) -> str:
    inside = level + 1 if section.heading else level
    blocks = "".join(_block(block, inside, language) for block in section.blocks)
    return f'<section id="{_text(anchor)}">{_heading(section.heading, level)}{blocks}</section>'


def _anchors(sections: Sequence[Section]) -> list[str]:
    """The anchors, each unlike the others: the second `third-party` is `third-party-2`."""
    seen: dict[str, int] = {}
    made = []
    for section in sections:
        seen[section.anchor] = count = seen.get(section.anchor, 0) + 1
        made.append(section.anchor if count == 1 else f"{section.anchor}-{count}")
    return made


def _header(sheet: Sheet, level: int) -> str:
    small = f"<small>{_text(sheet.number_label)}</small>" if sheet.number_label else ""
    if sheet.number:
        title = f'<p class="kind">{_text(sheet.kind)}</p>{small}{_heading(sheet.number, level)}'
    else:
        title = _heading(sheet.kind, level)
    ksef = ""
    if sheet.ksef_number:
        label = f"<small>{_text(sheet.ksef_label)}</small>" if sheet.ksef_label else ""
        ksef = f'<p class="ksef">{label}{_text(sheet.ksef_number)}</p>'
    return f"<header><div>{title}</div>{ksef}</header>"


def fragment(sheet: Sheet, level: int = 1) -> str:
    """The sheet as an `<article>`; the page around it has STYLE. `level` is that of its first heading (1-4).

    Errors: Unreadable, for a link no QR code holds.
    """
    made = [
        f'<article class="sheet" lang="{_lang(sheet)}">',
        _header(sheet, level),
    ]
    made += [f'<p class="warning">{_text(note)}</p>' for note in sheet.notes]
    for section, anchor in zip(sheet.sections, _anchors(sheet.sections), strict=True):
        made.append(_section(section, anchor, level + 1, sheet.language))
    if sheet.made_by:
        made.append(f"<footer>{_text(sheet.made_by)}</footer>")
    if sheet.watermark:
        made.append(f'<div class="watermark" aria-hidden="true"><span>{_text(sheet.watermark)}</span></div>')
    return "".join(made) + "</article>"


def html(sheet: Sheet) -> str:
    """The sheet as a whole page. Errors: Unreadable, for a link no QR code holds."""
    paper, name = ("A4 landscape", ' class="landscape"') if sheet.landscape else ("A4", "")
    title = _text(f"{sheet.kind} {sheet.number}".strip() or "KSeF").replace("\n", " ")
    return (
        f'<!doctype html>\n<html lang="{_lang(sheet)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>@page{{size:{paper};margin:14mm}}{_PAGE_STYLE}{STYLE}</style></head>"
        f"<body><main{name}>{fragment(sheet)}</main></body></html>\n"
    )
