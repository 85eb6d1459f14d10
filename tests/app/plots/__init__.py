"""Plots alone, with made-up models and frames."""
