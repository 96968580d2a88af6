"""What a submission may use, where nothing else is asked for. The doctor tries each limit."""

THREADS = 32
LIMITS = {
    "memory_mb": 2048,  # beyond what the warm process has
    "cell_seconds": 10,  # or what the slowest exercise of the assignment may take, if that is more
    "seconds": 240,  # for everything
    "output_kb": 1024,  # of text, over all cells
    "pictures_kb": 16_384,  # of PNG, over all cells
    "disk_mb": 64,  # of files
}
