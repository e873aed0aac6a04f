"""Where the boxes of a drawing stand: layers, their order, the space between, the arrows' ways."""
