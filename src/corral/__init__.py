"""Corral: the self-hosted dataset platform for multimodal AI data."""
