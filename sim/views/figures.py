"""Write figures to files: `charts/<name>.png` for slides and mail, `charts/<name>.svg` for print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sim.views.style import rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.study.compare import Comparison
    from sim.study.run import Result


def run_figures(result: Result) -> dict[str, Figure]:
    """Return every figure of one scenario by name, in reading order."""
    from sim.views.run_figures import RUN_CHARTS

    return {name: draw(result) for name, draw in RUN_CHARTS.items()}


def comparison_figures(comparison: Comparison) -> dict[str, Figure]:
    """Return every figure of a comparison by name, in reading order."""
    from sim.views.comparison_figures import comparison_charts

    return comparison_charts(comparison)


def save(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write each figure as PNG (150 dots per inch) and SVG (type as outlines) into `folder`/charts; return the files.

    Equal figures give equal files. Raises OSError where the folder cannot be written.
    """
    import matplotlib as mpl

    charts = Path(folder) / "charts"
    charts.mkdir(parents=True, exist_ok=True)
    files = []
    with mpl.rc_context(rules()):
        for name, figure in figures.items():
            for kind, stamp in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
                files.append(charts / f"{name}.{kind}")
                figure.savefig(files[-1], dpi=150, metadata=stamp)
    return files


def save_run_charts(result: Result, folder: Path) -> list[Path]:
    """Draw and write the charts of one scenario; return the files."""
    return save(run_figures(result), folder)


def save_comparison_charts(comparison: Comparison, folder: Path) -> list[Path]:
    """Draw and write the charts of a comparison; return the files."""
    return save(comparison_figures(comparison), folder)
