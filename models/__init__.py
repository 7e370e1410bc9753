"""Nouns: frozen documents, their units, and the door through which text becomes them."""
