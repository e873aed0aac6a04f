"""Runnable examples, each by ``python3 -m demos.NAME``; README.md beside it lists them."""
