"""Tests: they mirror the packages; oracles and strategies serve every kind."""
