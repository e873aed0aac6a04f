"""The picture of a graph under its public path: see `micrograd_like.drawing.graph`."""

from .drawing.graph import Graph

__all__ = ["Graph"]
