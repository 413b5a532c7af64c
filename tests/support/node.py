"""Programs of tests/node, each of which prints what an SDK saw as one JSON document."""
import json
import os
import subprocess

from support.server import ROOT

MODULES = ROOT / "build/assets/node_modules"


def node(program, case, **environment):
    variables = {**os.environ, "MODULES": str(MODULES), **environment}
    ran = subprocess.run(["node", ROOT / "tests/node" / program, case], env=variables, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
