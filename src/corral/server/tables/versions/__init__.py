"""Steps from one schema to the next, in order of their revision."""
