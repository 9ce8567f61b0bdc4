"""Integrations: the customers' storage that Corral reads where it lies."""
