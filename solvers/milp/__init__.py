"""Mixed-integer linear programs: written in Pyomo, or as plain integers."""
