"""Constraint programs."""
