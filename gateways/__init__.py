"""Devices on one side, the domain on the other; a process of its own."""
