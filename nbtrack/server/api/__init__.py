"""What the server and its pages say to each other, as JSON under ``<base_url>nbtrack/api``.

The front end's types are generated from these structures. Times are microseconds since 1970
(UTC), durations seconds. A number that JSON cannot hold is one of the strings ``NaN``,
``Infinity`` and ``-Infinity``; it stands only in values that somebody logged: ``config``,
``summary``, ``metadata``, ``info``, rows of tables.

============================== ====== ==========================================================
address                        method answer
============================== ====== ==========================================================
``/``                          GET    :class:`Server`
``/runs``                      GET    :class:`RunsPage`; arguments: :class:`RunsQuery`
``/runs/export``               GET    the same runs, all of them, as CSV or Parquet
``/sparks``                    POST   :class:`SparksRequest` → :class:`Sparks`
``/edits``                     POST   :class:`EditRequest` → :class:`Edited`
``/compare``                   POST   :class:`CompareRequest` → :class:`Compared`
``/series``                    POST   :class:`SeriesRequest` → a head, then points
``/views/<store>``             GET    :class:`Views`
``/views/<store>/<name>``      PUT    anything JSON holds, up to 256 KiB; DELETE removes it
``/runs/<store>/<run>``        GET    :class:`RunDetail`; PATCH with :class:`RunEdit`
``/live/<store>/<run>``        GET    what brings a page up to date, see ``live/wire.py``
``/live/<store>/<run>/stream`` GET    such messages as they come, each behind its length
``/kernels/<kernel>``          GET    :class:`Kernel`: the run of a notebook's kernel
``/artifacts``                 GET    :class:`ArtifactsPage`; arguments: :class:`ArtifactsQuery`
``/artifacts/<store>/<name>``  GET    :class:`ArtifactDetail`
============================== ====== ==========================================================

Below ``/runs/<store>/<run>/``, always with GET:

======================= =====================================================
address                 answer
======================= =====================================================
``cells``               :class:`Cells`
``logs``                :class:`Logs`; arguments: :class:`LogsQuery`
``logs/download``       everything that was seen, as text
``files``               :class:`Files`
``files/<path>``        a file's bytes; ``?download=1`` to keep it
``models``              :class:`Models`
``code``                :class:`Code`
``artifacts``           :class:`RunArtifacts`
``lineage``             :class:`Lineage`
``media``               :class:`MediaKeys`
``media/entries``       :class:`MediaEntries`; arguments: :class:`MediaQuery`
``media/files/<name>``  a file's bytes, which never change
``media/frames/<name>`` a document for a frame; it can do nothing else
``media/tables/<name>`` :class:`TablePage`; arguments: :class:`TableQuery`
======================= =====================================================

Below ``/artifacts/<store>/<name>/v<n>/``, always with GET:

================ ==================================================
address          answer
================ ==================================================
``entries``      :class:`Entries`; arguments: :class:`EntriesQuery`
``files/<path>`` an entry's bytes; ``?download=1`` to keep them
``lineage``      :class:`Lineage`
================ ==================================================

An error is ``{"message": …}`` with a status of 400 (the request), 403 (not allowed), 404 (no such
thing), 413 (too large) or 503 (the run cannot be read now).
"""
