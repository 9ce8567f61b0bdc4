"""Stores keep bytes under keys; they know nothing of items or users."""
