"""Where the boxes of a drawing stand: layers, their order, the space between, the arrows' ways."""

from .placing import Placement as Placement
from .placing import place as place
