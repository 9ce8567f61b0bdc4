"""The tests of Corral."""
