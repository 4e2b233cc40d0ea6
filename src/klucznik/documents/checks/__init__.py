"""Checks beyond the schema: what KSeF takes without a word and people regret. See docs/checks.md."""
