"""Marks names that still work but should not be used any more."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def deprecated(version: str, instead: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Warn with DeprecationWarning at each call: since which version of the vendor's SDK, and what to use instead."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        hint = f"; use {instead} instead" if instead else ""
        message = f"{function.__name__} is deprecated since version {version}{hint}"

        @functools.wraps(function)
        def warn_and_call(*args: P.args, **kwargs: P.kwargs) -> R:
            warnings.warn(message, DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        return warn_and_call

    return decorate
