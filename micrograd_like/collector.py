"""Pause Python's cyclic garbage collector where many objects are made, and none in cycles.

What you can do with it::

    >>> from micrograd_like.collector import collector_paused
    >>> with collector_paused():
    ...     pass                        # make graphs: they are freed without the collector
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector: graphs are freed without it, and faster."""
    enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if enabled:
            gc.enable()
