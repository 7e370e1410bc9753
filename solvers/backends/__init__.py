"""Solver libraries behind plain data: the only readers of their statuses and their numbers."""
