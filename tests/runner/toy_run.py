"""A supervisor over toy parts: `python -m tests.runner.toy_run FOLDER NAME=PYTHON …`, `web` and `setup` among them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from api.supervisor.output import Terminal
from api.supervisor.plan import PartPlan, Plan
from api.supervisor.supervisor import supervise

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "FIRELINE_DATA_DIR": str(folder)}
    parts = {
        name: PartPlan(name, (sys.executable, "-c", code), environment)
        for name, code in (word.split("=", 1) for word in sys.argv[2:])
    }
    others = tuple(part for name, part in parts.items() if name not in ("web", "setup"))
    plan = Plan(folder, parts["setup"], parts["web"], others, prefect_ui="", welcome=folder / "welcome.txt")
    sys.exit(supervise(plan, Terminal()))
