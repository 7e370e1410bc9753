"""Optimality of exact methods against heuristics, measured."""
