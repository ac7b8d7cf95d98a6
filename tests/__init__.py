"""Tests, and the machinery only they and the benchmarks use."""
