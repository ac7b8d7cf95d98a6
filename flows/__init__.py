"""Prefect: everything that happens by itself."""
