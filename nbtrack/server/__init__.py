"""The extension of a Jupyter server: what pages see of runs when their kernels cannot speak.

========= =====================================================================
app       what the server loads
handlers  the addresses, and who may use them
live      runs as they are now, whole or as the difference to what a page has
notebooks takes the live views of dead kernels out of notebooks that are opened
========= =====================================================================

It reads what lies in the directories of registered stores, and serves nothing else.
"""
