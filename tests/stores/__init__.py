"""Tests of customers' storage against real servers."""
