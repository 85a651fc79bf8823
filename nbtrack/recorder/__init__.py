"""The recorder: a process beside the kernel that does everything ``log()`` should not wait for.

===========  ===================================================================
spawn        starts the recorder; the only module of these that a kernel imports
__main__     the command lines of the recorder and of a merge
loop         waits for the owner, for new runs and for the clock
follower     one run: tail, live frame, seal, heartbeat, samples
merging      starts merges, one at a time, as processes of their own
samplers     CPU, memory, disk, network; ``cgroup`` and ``gpu`` are parts of it
outlook      what viewers are shown: series, card, pictures; the structures are in live/
postmortem   how a process ended that is not our child
recover      seals and merges runs whose kernel and recorder are both gone
===========  ===================================================================

Nothing here is needed to read a run: readers read journals, and whoever comes next seals them.
"""
