"""Shows runs in an MLflow server, as MLflow has them.

A run is a parent there and each attempt its child. MLflow chooses their ids, so they are found by
tags; how far the rows of each writer went is a tag too, set by the request that brings them.
"""
