"""`python -m app`: the same as `foredeck`, from a checkout."""

import sys

from app.launcher import main

sys.exit(main())
