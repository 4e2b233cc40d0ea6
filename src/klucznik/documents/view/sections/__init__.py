"""The sections of an invoice, a file for each group of them. Rule: pdf.md section 2."""
