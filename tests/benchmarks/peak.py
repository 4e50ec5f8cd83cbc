"""The largest size of this process; it imports next to nothing, so that it can measure imports."""

__all__ = ["forgotten", "peak"]


def forgotten() -> bool:
    """Count the largest size anew from here on; whether the system can (Linux does)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123 - pathlib is slow to import
            file.write("5")
    except OSError:
        return False
    return True


def peak() -> float:
    """The largest resident size of this program so far, in MB (Linux counts its parent's in `ru_maxrss`)."""
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib is slow to import
            return int(status.read().split("VmHWM:")[1].split()[0]) / 1024
    except FileNotFoundError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
