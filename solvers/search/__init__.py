"""Combinatorial searches: cuts, branch and bound."""
