"""Tests of the benchmark: what it runs, keeps, computes and writes."""
