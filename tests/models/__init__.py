"""Tests of the nouns and their door."""
