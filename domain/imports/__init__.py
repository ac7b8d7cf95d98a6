"""Takes tables into the register: what their columns mean, whether every row is right, and then all of it or nothing.

Knows nothing of file formats: rows come as cells, from `documents.tables_in` or from a test.
"""
