"""The demo city: an invented place with people, venues and two weeks of cases, to try Fireline on.

Nothing in it is real; its accounts share a published password. `loading.load` puts it into a database, once.
"""
