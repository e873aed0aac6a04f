"""Train a network with `fit`; measure it with `evaluate`; ask it with `predict`."""

from .fitting import collector_paused as collector_paused
from .fitting import evaluate as evaluate
from .fitting import fit as fit
from .history import History as History
from .measuring import accuracy as accuracy
from .measuring import predict as predict
