"""An interpreter that does nothing."""

import common

common.serve()
