"""Mixed-integer linear programs, written in Pyomo."""
