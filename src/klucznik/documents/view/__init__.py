"""What a person reads of a document, and the media it is read on.

`invoices`, `pef` and `upos` each make a `Sheet` (`blocks`) of a document, from the `sections` of an invoice
with `words`, `codes` and `tables`. `page` (HTML), `pdf` (with `press` and paper.typ) and `terminal` show any
sheet. Rule: pdf.md.
"""
