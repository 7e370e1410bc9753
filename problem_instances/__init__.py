"""Shipped instances, their best known plans, and seeded generators."""
