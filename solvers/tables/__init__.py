"""Integer cost tables, one file per kind, shared by that kind's methods."""
