"""Solvers that call solvers: bounds from relaxed parts, plans from restricted ones."""
