"""``xgrad report``: a run as one HTML file; what is in it is viz/report.py's business."""

from __future__ import annotations

from pathlib import Path

from ..viz import read_runs, report

__all__ = ["view"]


def view(directory: str, output: str | None) -> int:
    """Write the report of the runs in a directory, and print where it is.

    Parameters
    ----------
    directory : str
    output : str or None
        ``report.html`` in the directory by default.

    Returns
    -------
    int
        The exit status, 0.

    Raises
    ------
    ArgumentError
        If there are no runs.
    """
    runs = read_runs(directory)
    place = Path(directory) / "report.html" if output is None else Path(output)
    report(runs, place)
    print(f"{len(runs)} run{'s' if len(runs) > 1 else ''}: {place}")
    return 0
