"""`python -m rwkv_backend COMMAND`"""

import sys

from rwkv_backend.cli import main

sys.exit(main())
