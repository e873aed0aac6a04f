"""The page on which one steps through backpropagation in a browser."""
