"""Benchmarks: each beside an anchor measured in the same run, because machines are noisy and ratios are not."""
