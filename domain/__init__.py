"""What is true and what may happen; no I/O except the database session it is handed."""
