"""Judgement: verification, certificates, and the choice and supervision of methods."""
