"""Runnable examples: ``python3 -m demos.moons``, ``python3 -m demos.iris``."""
