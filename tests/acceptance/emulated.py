"""The emulator of AWS in the place of an account, and what it needs done that an account doesn't.

The emulator tells its IAM neither the keys that a request names (dynamodb:LeadingKeys) nor the encryption context of KMS.
So a policy with such a condition allows nothing there. Steps that go through one are run with a version of the policy
without conditions, and say so; steps that are about the conditions are skipped.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

from aws import Aws, AwsError, Credentials

TESTS = pathlib.Path(__file__).resolve().parent.parent
LEADING_KEYS = "the emulator's IAM does not know dynamodb:LeadingKeys"
ROLLBACK = "the emulator creates a role whose permissions boundary does not exist"


@contextlib.contextmanager
def started():
    """Starts an emulator and gives its URL. It ends when its standard input does, which is when this process does."""
    target = os.environ.get("CARGO_TARGET_DIR") or str(TESTS.parent / "target")
    made = subprocess.run([sys.executable, str(TESTS / "venv.py"), target], stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        raise SystemExit("the emulator could not be set up")
    python = os.path.join(made.stdout.strip(), "bin", "python")
    log = os.path.join(target, "emulator", "acceptance.log")
    server = subprocess.Popen(
        [python, str(TESTS / "support" / "emulator.py"), log],
        env={"PATH": os.environ.get("PATH", "")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        port = server.stdout.readline().decode().strip()
        if not port:
            raise SystemExit(f"the emulator did not start; its log is {log}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stdin.close()
        server.wait(timeout=30)


class Emulated:
    """An account of the emulator: an administrator, and somebody who may assume roles and nothing else."""

    def __init__(self, url, account, region, record):
        self.root = Aws(lambda: Credentials(account, "root"), region, url, record)
        self.administrator = self.user("administrator", "*")
        self.developer = self.user("developer", "sts:AssumeRole")

    def user(self, name, action):
        try:
            self.root.query("iam", "CreateUser", UserName=name)
        except AwsError as error:
            # An earlier run was in this account.
            if error.code != "EntityAlreadyExists":
                raise
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.root.query("iam", "PutUserPolicy", UserName=name, PolicyName="inline", PolicyDocument=document)
        made = self.root.query("iam", "CreateAccessKey", UserName=name)
        return Credentials(made.findtext(".//AccessKeyId"), made.findtext(".//SecretAccessKey"))

    @contextlib.contextmanager
    def without_conditions(self, policies, alias=None):
        """Puts in force a version of each policy without conditions, and takes it back at the end.

        With `alias`, statements about a key are about its alias, too: the emulator asks for the right on the alias.
        """
        before = {arn: self.document(arn) for arn in policies}
        put = []
        try:
            for arn, document in before.items():
                document = json.loads(json.dumps(document))
                for statement in document["Statement"]:
                    statement.pop("Condition", None)
                    if alias and "kms:" in json.dumps(statement["Action"]):
                        statement["Resource"] = [*as_list(statement["Resource"]), alias]
                put.append((arn, self.put(arn, document)))
            yield
        finally:
            for arn, version in put:
                self.put(arn, before[arn])
                self.root.query("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version)

    def document(self, policy):
        """Returns the document of a policy that is in force."""
        version = self.root.query("iam", "GetPolicy", PolicyArn=policy).findtext(".//DefaultVersionId")
        found = self.root.query("iam", "GetPolicyVersion", PolicyArn=policy, VersionId=version)
        return json.loads(urllib.parse.unquote(found.findtext(".//Document")))

    def put(self, policy, document):
        """Puts a document in force, and returns its version."""
        given = {"PolicyArn": policy, "PolicyDocument": json.dumps(document), "SetAsDefault": "true"}
        return self.root.query("iam", "CreatePolicyVersion", **given).findtext(".//VersionId")

    @contextlib.contextmanager
    def open_key(self, key, account):
        """Lets the account's own policies decide about a key, and puts its policy back at the end."""
        before = self.root.json("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"]
        anyone = {"AWS": f"arn:aws:iam::{account}:root"}
        statement = {"Effect": "Allow", "Principal": anyone, "Action": "kms:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.root.json("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=document)
        try:
            yield
        finally:
            self.root.json("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=before)


def as_list(value):
    return value if isinstance(value, list) else [value]
