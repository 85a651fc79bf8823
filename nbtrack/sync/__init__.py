"""Ships runs to an object store: a copy of files that do not change, at the same names.

Anyone may do it at any moment, any number of times, from several machines at once. Nothing local
is renamed, removed, locked or changed by it.
"""
