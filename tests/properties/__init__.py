"""Laws that hold for every problem of a kind."""
