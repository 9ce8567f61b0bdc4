"""All SQL tables of Corral: one graph of foreign keys, the same on SQLite and PostgreSQL."""
