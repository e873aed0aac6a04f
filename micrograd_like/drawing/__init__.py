"""Computation graphs as pictures, tables and expressions, and the charts of training."""
