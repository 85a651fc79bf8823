"""What a run can hold besides numbers."""
