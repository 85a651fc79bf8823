"""Object stores, through obstore: how they are opened, and what their failures mean.

obstore is loaded when somebody asks, and not before: a kernel that only tracks does without it.
"""
