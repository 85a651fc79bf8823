"""What code written for ``wandb`` calls besides what runs are made of.

::

    arguments   arguments of init() that nbtrack has no use for
    functions   login(), setup(), termlog(), …: there is nothing to do, or nearly nothing
    settings    Settings, as init(settings=...) takes them
    errors      the names of its exceptions
    util        generate_id()
    api         Api: runs on disk, read as its users read those of a server

What is not offered, and what to do instead, is in ``_not_offered.py``.
"""
