"""Stepping through gradients, asking why they are what they are, and finding what went wrong."""
