"""Enumerators of tiny instances."""
