"""Recorded graphs as programs: straight-line code with the bits of the engine."""
