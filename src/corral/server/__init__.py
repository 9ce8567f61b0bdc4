"""The Corral server: doors, rooms, stores and media, in one process or many."""
