#!/usr/bin/env python3
"""Other people's S3 clients against a running `s3collect serve`.

Usage: check_clients.py ENDPOINT_URL [ACCESS_KEY SECRET_KEY]

Prints a line per check and exits 1 if one failed. Works in a bucket of its own, which it removes.
"""

import sys
import traceback

import check_boto3  # noqa: F401, its checks
import check_tools  # noqa: F401, its checks
from endpoint import BUCKET, CHECKS, S3


def empty():
    for page in S3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        objects = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        if objects:
            S3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects, "Quiet": True})


def main():
    S3.create_bucket(Bucket=BUCKET)
    failed = 0
    for function in CHECKS:
        try:
            function()
            print(f"ok      {function.__name__}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {function.__name__}\n{traceback.format_exc()}", flush=True)
    empty()
    S3.delete_bucket(Bucket=BUCKET)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
