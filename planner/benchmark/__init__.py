"""Exact methods against each other and against heuristics: time, memory, and what a plan loses."""
