"""A progress bar: tqdm's where it is installed, else a line at every tenth of the way.

`progress_bar`. Builds on nothing.
"""

import sys
from typing import Any

__all__ = ["progress_bar"]


def progress_bar(total: int, *, visible: bool = True) -> Any:
    """A bar on standard error with `update()`, `set_postfix_str(text)` and `close()`, also a context manager.

    >>> with progress_bar(3, visible=False) as bar:
    ...     bar.set_postfix_str("loss 0.1")
    ...     bar.update()
    """
    if not visible:
        return _Lines(0)
    try:
        from tqdm import tqdm
    except ImportError:
        return _Lines(total)
    return tqdm(total=total, unit="epoch", dynamic_ncols=True)


class _Lines:
    """What tqdm's bar does, in plain lines; a total of 0 shows nothing."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.text = total, 0, ""

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:  # noqa: ARG002 - tqdm's signature
        self.text = text

    def update(self) -> None:
        self.done += 1
        if self.total and self.done * 10 // self.total > (self.done - 1) * 10 // self.total:
            print(f"epoch {self.done}/{self.total}: {self.text}", file=sys.stderr)

    def close(self) -> None:
        pass

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
