"""Writes vectors.json: what Amazon's own library makes of requests.

    pip install botocore==1.44.5
    python3 src/credential/sigv4/vectors.py > src/credential/sigv4/vectors.json

The first ones are requests of Amazon's published test suite (aws-sig-v4-test-suite), keys and time
included; published.json has the signatures that the suite itself has.
"""

import json
from datetime import datetime, timezone
from unittest import mock

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TIME = datetime(2015, 8, 30, 12, 36, 0, tzinfo=timezone.utc)
HOST = "example.amazonaws.com"
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="


def vector(name, method="GET", path="/", query="", headers=(), body="", token=None,
           service="service", region="us-east-1", host=HOST):
    url = f"https://{host}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method, url, headers=dict(headers), data=body.encode())
    with mock.patch.object(auth, "get_current_datetime", lambda *_: TIME):
        auth.SigV4Auth(Credentials(ID, SECRET, token), service, region).add_auth(request)
    signed = {"host": host, **{key.lower(): value for key, value in request.headers.items()}}
    authorization = signed.pop("authorization")
    return {
        "name": name, "method": method, "path": path, "query": query, "body": body,
        "headers": [[key, value] for key, value in signed.items()],
        "id": ID, "secret": SECRET, "service": service, "region": region,
        "stamp": signed["x-amz-date"], "authorization": authorization,
    }


BEDROCK = {"service": "bedrock", "region": "eu-central-1",
           "host": "bedrock-runtime.eu-central-1.amazonaws.com"}

VECTORS = [
    vector("get-vanilla"),
    vector("get-vanilla-query-order-key-case", query="Param2=value2&Param1=value1"),
    vector("get-vanilla-query-order-value", query="Param1=value2&Param1=value1"),
    vector("get-vanilla-query-unreserved", query=f"{UNRESERVED}={UNRESERVED}"),
    vector("get-vanilla-empty-query-key", query="Param1=value1"),
    vector("get-unreserved", path=f"/{UNRESERVED}"),
    vector("get-utf8", path="/ሴ"),
    vector("get-slashes", path="//example//"),
    vector("get-slash-dot-slash", path="/./"),
    vector("get-relative", path="/example/.."),
    vector("get-relative-relative", path="/example1/example2/../.."),
    vector("get-slash-pointless-dot", path="/./example"),
    vector("get-header-value-trim", headers={"My-Header1": " value1", "My-Header2": ' "a   b   c"'}),
    vector("post-vanilla", "POST"),
    vector("post-vanilla-query", "POST", query="Param1=value1"),
    vector("post-x-www-form-urlencoded", "POST", headers=FORM, body="Param1=value1"),
    vector("post-sts-header-before", "POST", token=TOKEN),
    vector("query-names-that-begin-alike", query="a-b=2&a=1&aa=3&a.=4"),
    vector("query-without-value", query="alt&b="),
    vector("query-escaped", query="key=a%20b%2Fc&alt=sse"),
    vector("bedrock-invoke", "POST", path="/model/anthropic.claude-opus-5-v1:0/invoke",
           headers=JSON, body='{"max_tokens":1}', **BEDROCK),
    vector("bedrock-escaped", "POST", path="/model/anthropic.claude-opus-5-v1%3A0/invoke",
           headers=JSON, body='{"max_tokens":1}', token=TOKEN, **BEDROCK),
    vector("bedrock-profile", "POST", headers=JSON, body="{}",
           path="/model/arn%3Aaws%3Abedrock%3Aeu%3A1%3Ainference-profile%2Fx/invoke", **BEDROCK),
    vector("mantle", "POST", path="/anthropic/v1/messages", headers=JSON, body='{"text":"é"}',
           token=TOKEN, service="bedrock-mantle", region="us-east-1",
           host="bedrock-mantle.us-east-1.api.aws"),
    vector("sts", "POST", headers={"content-type": "application/x-www-form-urlencoded"},
           body="Action=AssumeRole&Version=2011-06-15", service="sts",
           host="127.0.0.1:4566"),
]

print(json.dumps(VECTORS, indent=1, ensure_ascii=False))
