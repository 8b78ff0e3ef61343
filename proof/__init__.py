"""The promises of proof/README.md under attack: one module a kind of fault, each counting what it tried and found.

`python -m proof` runs them long; tests/proof runs a slice of each. They share the suite's servers and processes.
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

if str(REPOSITORY / "tests") not in sys.path:
    sys.path.insert(0, str(REPOSITORY / "tests"))
