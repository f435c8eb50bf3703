"""The gallery: the three questions that the project began with, each with its answer, its picture and its settings.

python docs/gallery.py     play what was not played before, and write results/gallery
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sim.study.answer import Answer
from sim.study.keep import Ways, study_kept
from sim.study.study import Study, StudyResult
from sim.study.task import code
from sim.views.dress import dress_study
from sim.views.study_findings import sentences
from sim.views.words import runs

ROOT = Path(__file__).parents[1]
EXPERIMENTS = ROOT / "experiments"
GALLERY = ROOT / "results" / "gallery"
QUESTIONS = ("promotion_timing", "customization_load", "channel_continuity")
HEAD = """# Gallery

Three shipped studies, answered in full by `make gallery` with the model's code `{code}`. A later model may answer differently:
the commands say what it answers now.
"""


def entry(result: StudyResult, kept: Path, gallery: Path) -> str:
    """Put picture and settings of a study from the folder it is kept in into the gallery, and return its part of the page."""
    study = result.study
    shutil.copyfile(kept / "charts" / f"study_{study.decision.measure}.png", gallery / f"{study.name}.png")
    shutil.copyfile(kept / "cells.csv", gallery / f"{study.name}.csv")
    first, *more = sentences(Answer(result))
    return "\n\n".join((
        f"## {study.question}", f"**{first}** {' '.join(more)}", f"![{first}]({study.name}.png)", study.about.strip(),
        f"{len(study.cells)} settings, {runs(study.replications)} each: "
        f"[the question as it was asked](../../experiments/{study.name}.toml), [every setting with intervals]({study.name}.csv).",
        f"```sh\nsim study experiments/{study.name}.toml\n```\n",
    ))


def main() -> int:
    """Write the gallery; return 1 where a replication failed."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    page, failed = [HEAD.format(code=code()[:8])], False
    for name in QUESTIONS:
        result, kept, _ = study_kept(Study.load(str(EXPERIMENTS / f"{name}.toml")), None, Ways("all", dress=dress_study))
        page.append(entry(result, kept, GALLERY))
        failed |= bool(result.failures)
    (GALLERY / "README.md").write_text("\n".join(page), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
