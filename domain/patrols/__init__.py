"""Patrols: checklists, plans, the tasks of a day, what a phone brings in, what comes of it.

`schedule`, `rounds`, `items`, `presence` and `score` are pure; the rest are services over `domain.models.patrols`.
"""
