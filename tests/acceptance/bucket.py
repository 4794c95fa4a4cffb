"""The bucket for functions' code, which `init --api` makes once for an account and region and which outlives configs.

A run removes the bucket only if the run's own deployment has created it and nobody else has begun to use it.
"""

import hashlib
import re

import sweep
from aws import AwsError, encoded

STACK = "discfg--code"


class CodeBucket:
    def __init__(self, aws, account, archive):
        self.aws, self.name = aws, f"discfg-code-{account}-{aws.region}"
        with open(archive, "rb") as file:
            self.key = f"{hashlib.sha256(file.read()).hexdigest()}.zip"
        self.was_there = self.exists()
        self.had_code = self.was_there and bool(self.versions())

    def exists(self):
        try:
            self.aws.rest("s3", "HeadBucket", "HEAD", f"/{self.name}")
        except AwsError as error:
            if error.status == 404:
                return False
            raise
        return True

    def versions(self):
        """Returns the key and version of each object in the bucket."""
        said = self.aws.rest("s3", "ListObjectVersions", "GET", f"/{self.name}", [("versions", "")]).text
        found = re.findall(r"<Version>(.*?)</Version>", said, re.DOTALL)

        def text(xml, name):
            return re.search(f"<{name}>([^<]*)</{name}>", xml).group(1)

        return [(text(xml, "Key"), text(xml, "VersionId")) for xml in found]

    def used_by_others(self, configs):
        """Whether a stack other than those of this run's configs takes its code from here."""
        own = {f"discfg-{config}" for config in configs}
        for page in sweep.xml_pages(
            lambda **given: self.aws.query("cloudformation", "DescribeStacks", **given), "NextToken", "NextToken"
        ):
            for stack in page.findall(".//Stacks/member"):
                values = [parameter.findtext("ParameterValue") for parameter in stack.findall("Parameters/member")]
                if self.name in values and stack.findtext("StackName") not in own:
                    return True
        return False

    def remove(self, configs, say):
        """Removes what the run has put there, and the bucket if the run has created it."""
        if not self.exists() or self.had_code:
            return
        if self.used_by_others(configs):
            say(f"  kept: bucket {self.name}, which another config uses")
            return
        for key, version in self.versions():
            if key == self.key:
                query = [("versionId", version)]
                self.aws.rest("s3", "DeleteObject", "DELETE", f"/{self.name}/{encoded(key)}", query)
                say(f"  removed: the code in bucket {self.name}")
        if self.was_there:
            return
        if self.versions():
            say(f"  kept: bucket {self.name}, which contains other code")
            return
        state = sweep.state_of_stack(self.aws, STACK)
        if state != "DELETE_COMPLETE":
            said = self.aws.query("cloudformation", "DescribeStacks", StackName=STACK)
            sweep.remove_stack(self.aws, sweep.Found("stack", STACK, {}, said.findtext(".//StackId")))
        # The stack keeps the bucket and its policy.
        self.aws.rest("s3", "DeleteBucket", "DELETE", f"/{self.name}")
        say(f"  removed: stack {STACK} and bucket {self.name}")
