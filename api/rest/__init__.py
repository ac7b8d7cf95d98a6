"""JSON for programs, a file per resource."""
