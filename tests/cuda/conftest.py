"""Which tests of CUDA kernels run where."""

import os

from tests.cuda.simulated import VARIABLE

collect_ignore = [] if os.environ.get(VARIABLE) == "1" else ["in_simulator"]
