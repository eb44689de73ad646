"""What watches primitives as they run: the tape. None of these modules imports another one."""
