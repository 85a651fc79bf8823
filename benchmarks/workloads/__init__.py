"""What is run inside a tracker's environment: one function per workload, one process per call.

`python -m benchmarks.workloads WORKLOAD TRACKER DIRECTORY RESULT PARAMETERS` runs one of them and
writes its figures, a JSON object, to the file RESULT.
"""
