"""Benchmarks: Corral against a bare-framework floor that does the same work without features, in the same run."""
