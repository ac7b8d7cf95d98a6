"""Read models: what pages, boards and the JSON API show, computed from the tables; nothing here writes."""
