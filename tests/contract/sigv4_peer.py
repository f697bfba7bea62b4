#!/usr/bin/env python3
"""Our AWS signatures are those of botocore, for requests of every shape that its rules tell apart."""
import datetime
import json
import os
import random
import subprocess
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SIGNER = os.path.join(os.environ["GANTRY_BUILD_DIR"], "tests/contract/sigv4_signer")
REGIONS = ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1"]
NAMES = ["Content-Type", "X-Amz-Target", "accept", "X-Custom_Header", "x-zulu", "User-Agent", "Expect",
         "X-Amzn-Trace-Id"]
PATHS = ["", "/", "/v1", "/a/./b", "/a/../b", "/../x", "//double//", "/trailing/", "/sp%20ace", "/~u-._",
            "/%E1%88%B4", "/a+b", "/a:b@c!$&'()*,;=", "/..", "/.", "/x/.."]
VALUES = ["", "x", "two  blanks", "  at both ends\t", "a=b", "UPPER", "tab\tbed"]
FIELD_NAMES, FIELD_VALUES = ["a", "b", "A", "c%2Fd", "-", ""], ["", "=", "=1", "=%20", "=a%3Db"]
HOSTS = ["api.ecr.us-east-1.amazonaws.com", "STS.amazonaws.com", "h.example:8443", "h.example:443"]


def requests(seed, count):
    dice = random.Random(seed)
    for _ in range(count):
        query = "&".join(dice.choice(FIELD_NAMES) + dice.choice(FIELD_VALUES)
                         for _ in range(dice.randrange(4)))
        url = f"https://{dice.choice(HOSTS)}{dice.choice(PATHS)}"
        yield {
            "method": dice.choice(["GET", "POST", "PUT", "DELETE"]),
            "url": f"{url}?{query}" if query else url,
            "headers": [[n, dice.choice(VALUES)] for n in dice.sample(NAMES, dice.randrange(5))],
            "body": dice.choice(["", "{}", "Action=GetCallerIdentity&Version=2011-06-15", "\u00e9\n" * 40]),
            "access_key_id": dice.choice(["AKIDEXAMPLE", "ASIAEXAMPLE"]),
            "secret_access_key": "".join(dice.choices("abcXYZ0123+/", k=40)),
            "session_token": dice.choice(["", "IQoJb3JpZ2luX2VjE//+=="]),
            "region": dice.choice(REGIONS),
            "service": dice.choice(["ecr", "ecr-public", "sts"]),
            "now_ms": dice.randrange(1_500_000_000, 2_500_000_000) * 1000,
        }


def botocore_signature(item):
    request = AWSRequest(method=item["method"], url=item["url"], data=item["body"].encode())
    for name, value in item["headers"]:
        request.headers.add_header(name, value)
    keys = Credentials(item["access_key_id"], item["secret_access_key"], item["session_token"] or None)
    signer = botocore.auth.SigV4Auth(keys, item["service"], item["region"])
    # As add_auth() does it, at a time of our choosing.
    now = datetime.datetime.fromtimestamp(item["now_ms"] / 1000, datetime.timezone.utc)
    request.context["timestamp"] = now.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(to_sign, request))
    return request.headers["Authorization"]


def main():
    items = list(requests(seed=20261123, count=2000))
    lines = "".join(json.dumps(item) + "\n" for item in items)
    done = subprocess.run([SIGNER], input=lines, capture_output=True, text=True, check=True)
    ours = done.stdout.splitlines()
    assert len(ours) == len(items), f"{len(ours)} signatures of {len(items)} requests"
    wrong = [(item, botocore_signature(item), mine) for item, mine in zip(items, ours)
             if botocore_signature(item) != mine]
    for item, theirs, mine in wrong[:5]:
        print(json.dumps(item), f"botocore: {theirs}", f"gantry:   {mine}", sep="\n")
    print(f"{len(items)} requests, {len(wrong)} with another signature")
    return 1 if wrong else 0


sys.exit(main())
