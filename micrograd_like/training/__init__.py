"""Train a network with `fit`; measure it with `evaluate`; ask it with `predict`."""

from .fitting import collector_paused, evaluate, fit
from .history import History
from .measuring import accuracy, predict

__all__ = ["History", "accuracy", "collector_paused", "evaluate", "fit", "predict"]
