"""Methods: each takes a problem and makes a claim."""
