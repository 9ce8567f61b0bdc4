"""Everything that knows HTTP: the doors, and who is asking."""
