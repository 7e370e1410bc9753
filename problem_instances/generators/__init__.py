"""Generators, one file per kind: a specification in, plain data of a document out."""
