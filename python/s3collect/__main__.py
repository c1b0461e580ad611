"""`python -m s3collect`: the program of this interpreter's environment."""

import sys

from s3collect.binary import BinaryMissing, become

try:
    become(sys.argv[1:])
except BinaryMissing as error:
    sys.exit("error: %s" % error)
