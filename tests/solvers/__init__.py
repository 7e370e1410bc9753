"""Tests of single methods, beyond what conformance asks of all."""
