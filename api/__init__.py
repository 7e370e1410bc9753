"""Doors: HTTP and the command line."""
