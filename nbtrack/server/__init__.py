"""The extension of a Jupyter server: what pages see of runs, also when kernels cannot speak.

=============== =====================================================================
app             what the server loads; alone: the same without a notebook server
api             every address, and what is asked and answered there
requests        what all addresses have in common: rights, sizes, errors, threads
stores          the stores that are served, and the runs in them
shared          what all requests share
kept            what is made of runs and asked for again and again
handlers        who answers; the other …_handlers: the addresses of their kind
pages           the document that the front end fills
run, logs       what a run is; what was seen, by lines
files, series   the files in its directory; curves
file_handler    the bytes of any file, of which nothing is run
media, rows     what runs logged besides numbers; tables of any length
frames          documents whose scripts can do nothing but draw
artifacts       artifacts, and what is in them; lineage: where they come from
live, watch     runs as they are now; the ones that pages follow
plain           values as JSON and a browser hold them
notebooks       takes the live views of dead kernels out of notebooks that are opened
=============== =====================================================================

It reads what lies in the directories of registered stores, and serves nothing else.
"""
