"""Runnable examples, each by ``python3 -m demos.NAME``; the README lists them."""
