"""Charts and page of a result, written into its run directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.views.figures import save, save_comparison_charts, save_run_charts
from sim.views.report import write_comparison_report, write_run_report

if TYPE_CHECKING:
    from sim.study.compare import Comparison
    from sim.study.run import Result
    from sim.study.study import StudyResult


def dress_run(result: Result, folder: Path) -> None:
    """Write charts and report of one scenario."""
    save_run_charts(result, folder)
    write_run_report(result, folder)


def dress_comparison(comparison: Comparison, folder: Path) -> None:
    """Write charts and report of a comparison."""
    save_comparison_charts(comparison, folder)
    write_comparison_report(comparison, folder)


def dress_study(result: StudyResult, folder: Path) -> None:
    """Write charts and report of a study."""
    from sim.views.study_figures import study_figures
    from sim.views.study_report import write_study_report

    figures = study_figures(result)
    save(figures, folder)
    write_study_report(result, folder, figures)
