"""Tests of instances' readers."""
