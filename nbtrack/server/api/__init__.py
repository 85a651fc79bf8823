"""What the server and its pages say to each other, as JSON under ``<base_url>nbtrack/api``.

The front end's types are generated from these structures. Times are microseconds since 1970
(UTC), durations seconds. A number that JSON cannot hold is one of the strings ``NaN``,
``Infinity`` and ``-Infinity``; it stands in ``config`` and ``summary`` only.

===================================== ======= ==================================================
address                               method  answer
===================================== ======= ==================================================
``/``                                 GET     :class:`Server`
``/runs``                             GET     :class:`RunsPage`; arguments: :class:`RunsQuery`
``/runs/export``                      GET     the same runs, all of them, as CSV or Parquet
``/sparks``                           POST    :class:`SparksRequest` → :class:`Sparks`
``/edits``                            POST    :class:`EditRequest` → :class:`Edited`
``/compare``                          POST    :class:`CompareRequest` → :class:`Compared`
``/series``                           POST    :class:`SeriesRequest` → a head, then points
``/views/<store>``                    GET     :class:`Views`
``/views/<store>/<name>``             PUT     anything JSON holds, up to 256 KiB; DELETE removes it
``/runs/<store>/<run>``               GET     :class:`RunDetail`; PATCH with :class:`RunEdit`
``/runs/<store>/<run>/cells``         GET     :class:`Cells`
``/runs/<store>/<run>/logs``          GET     :class:`Logs`; arguments: :class:`LogsQuery`
``/runs/<store>/<run>/logs/download`` GET     everything that was seen, as text
``/runs/<store>/<run>/files``         GET     :class:`Files`
``/runs/<store>/<run>/files/<path>``  GET     a file's bytes; ``?download=1`` to keep it
``/live/<store>/<run>``               GET     what brings a page up to date, see ``live/wire.py``
``/live/<store>/<run>/stream``        GET     such messages as they come, each behind its length
===================================== ======= ==================================================

An error is ``{"message": …}`` with a status of 400 (the request), 403 (not allowed), 404 (no such
thing), 413 (too large) or 503 (the run cannot be read now).
"""
