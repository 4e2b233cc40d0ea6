"""What is wrong with a document that its schema refuses: where, what stands there, what is allowed.

libxml2 gives the verdict at C speed; why is found by a walk of our own (`walk`), from the same
description of the form, so that a person gets a sentence in their language and the wire gets KSeF's.
"""

from __future__ import annotations

from klucznik.documents.faults.places import path
from klucznik.documents.faults.verdict import MOST, check, explain, refusal

__all__ = ["MOST", "check", "explain", "path", "refusal"]
