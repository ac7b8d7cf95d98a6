"""Callbacks of providers."""
