"""Discrete-event simulation of plans: the second opinion on every predicted time."""
