"""What people take out of the system as tables: within their reach, without what could say who reported, recorded."""
