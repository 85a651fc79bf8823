"""What the server and its pages say to each other, as JSON under ``<base_url>nbtrack/api``.

The front end's types are generated from these structures. Times are microseconds since 1970
(UTC), durations seconds. A number that JSON cannot hold is one of the strings ``NaN``,
``Infinity`` and ``-Infinity``; it
stands only in values that somebody logged: ``config``, ``summary``, ``metadata``, ``info``, rows of tables.

=============================================== ====== =============================================
address                                         method answer
=============================================== ====== =============================================
``/``                                           GET    :class:`Server`
``/runs``                                       GET    :class:`RunsPage`; arguments: :class:`RunsQuery`
``/runs/export``                                GET    the same runs, all of them, as CSV or Parquet
``/sparks``                                     POST   :class:`SparksRequest` → :class:`Sparks`
``/edits``                                      POST   :class:`EditRequest` → :class:`Edited`
``/compare``                                    POST   :class:`CompareRequest` → :class:`Compared`
``/series``                                     POST   :class:`SeriesRequest` → a head, then points
``/views/<store>``                              GET    :class:`Views`
``/views/<store>/<name>``                       PUT    anything JSON holds, up to 256 KiB; DELETE removes it
``/runs/<store>/<run>``                         GET    :class:`RunDetail`; PATCH with :class:`RunEdit`
``/runs/<store>/<run>/cells``                   GET    :class:`Cells`
``/runs/<store>/<run>/logs``                    GET    :class:`Logs`; arguments: :class:`LogsQuery`
``/runs/<store>/<run>/logs/download``           GET    everything that was seen, as text
``/runs/<store>/<run>/files``                   GET    :class:`Files`
``/runs/<store>/<run>/files/<path>``            GET    a file's bytes; ``?download=1`` to keep it
``/runs/<store>/<run>/models``                  GET    :class:`Models`
``/runs/<store>/<run>/artifacts``               GET    :class:`RunArtifacts`
``/runs/<store>/<run>/lineage``                 GET    :class:`Lineage`
``/runs/<store>/<run>/media``                   GET    :class:`MediaKeys`
``/runs/<store>/<run>/media/entries``           GET    :class:`MediaEntries`; arguments: :class:`MediaQuery`
``/runs/<store>/<run>/media/files/<name>``      GET    a file's bytes, which never change
``/runs/<store>/<run>/media/frames/<name>``     GET    a document for a frame, which can do nothing else
``/runs/<store>/<run>/media/tables/<name>``     GET    :class:`TablePage`; arguments: :class:`TableQuery`
``/artifacts``                                  GET    :class:`ArtifactsPage`; arguments: :class:`ArtifactsQuery`
``/artifacts/<store>/<name>``                   GET    :class:`ArtifactDetail`
``/artifacts/<store>/<name>/v<n>/entries``      GET    :class:`Entries`; arguments: :class:`EntriesQuery`
``/artifacts/<store>/<name>/v<n>/files/<path>`` GET    an entry's bytes; ``?download=1`` to keep it
``/artifacts/<store>/<name>/v<n>/lineage``      GET    :class:`Lineage`
``/live/<store>/<run>``                         GET    what brings a page up to date, see ``live/wire.py``
``/live/<store>/<run>/stream``                  GET    such messages as they come, each behind its length
=============================================== ====== =============================================

An error is ``{"message": …}`` with a status of 400 (the request), 403 (not allowed), 404 (no such
thing), 413 (too large) or 503 (the run cannot be read now).
"""
