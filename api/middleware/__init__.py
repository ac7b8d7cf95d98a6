"""What every request passes on its way in and out: plain ASGI, a file per concern."""
