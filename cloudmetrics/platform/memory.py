"""How a worker process holds its memory."""

import ctypes
import gc

# The numbers by which glibc's mallopt knows its options.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3


def settle() -> None:
    """What was made at start-up stays; what a request took is kept for the next one.

    The garbage collector need not walk the compiled contract again and again. And
    glibc gives a few freed pages back to the system at once, to fault them in anew,
    page by page, with the next large body; it may keep 16 MB, and 4 MB in one piece.
    """
    gc.collect()
    gc.freeze()
    # Other C libraries have no such function.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, 16 * 2**20)
        mallopt(M_MMAP_THRESHOLD, 4 * 2**20)
        mallopt(M_TOP_PAD, 2**20)
