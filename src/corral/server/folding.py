"""The form in which texts are compared where case does not count; both databases have a function of this name."""

from __future__ import annotations

# A sigma at the end of a word has a form of its own.
FINAL_SIGMA, SIGMA = "\u03c2", "\u03c3"


def fold_case(text: str) -> str:
    """Lower case in every script."""
    return text.lower().replace(FINAL_SIGMA, SIGMA)
