"""`fireline run`: one light process that starts the parts, keeps them running and stops them. Standard library only."""
