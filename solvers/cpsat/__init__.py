"""Constraint programs, solved by OR-Tools CP-SAT."""
