"""SMS and voice: rendering, sending, retrying, reconciling."""
