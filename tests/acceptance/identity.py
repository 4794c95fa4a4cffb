"""The caller's credentials and region."""

import datetime
import json
import os
import shutil
import subprocess

from aws import AwsError, Credentials, partition_of

RENEWED_BEFORE = datetime.timedelta(minutes=5)


class NoIdentity(Exception):
    """Neither the environment nor the AWS CLI has credentials or a region."""


def said_by_cli(*words):
    done = subprocess.run(["aws", *words], capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise NoIdentity(f"`aws {' '.join(words)}` failed (version 2 of the AWS CLI is required): {last}")
    return done.stdout.strip()


def has_cli():
    return shutil.which("aws") is not None


class Exported:
    """Credentials that the aws CLI exports: of a profile, of single sign-on, of the machine. Renewed before they expire."""

    def __init__(self, profile):
        self.words = ["configure", "export-credentials", *(["--profile", profile] if profile else [])]
        self.kept, self.ends = None, None

    def __call__(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        if self.kept is None or (self.ends and now > self.ends - RENEWED_BEFORE):
            given = json.loads(said_by_cli(*self.words))
            self.kept = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given.get("SessionToken") or "")
            ends = given.get("Expiration")
            self.ends = datetime.datetime.fromisoformat(ends.replace("Z", "+00:00")) if ends else None
        return self.kept


def of_caller(profile):
    """Returns a function that gives the caller's credentials."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if key and secret and not profile:
        credentials = Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN", ""))
        return lambda: credentials
    if has_cli():
        exported = Exported(profile or os.environ.get("AWS_PROFILE"))
        exported()
        return exported
    raise NoIdentity(
        "no credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN),\n"
        "or install the aws CLI, version 2, whose profiles and single sign-on are then used"
    )


def region_of_caller(region, profile):
    """Returns the region: that of the flag, the environment, or the profile."""
    found = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not found and has_cli():
        try:
            found = said_by_cli("configure", "get", "region", *(["--profile", profile] if profile else []))
        except NoIdentity:
            found = None
    if not found:
        raise NoIdentity("no region found: give --region, set AWS_REGION, or set a region in the profile")
    return found


def look(aws):
    """Returns the caller's account and ARN."""
    said = aws.query("sts", "GetCallerIdentity")
    return said.findtext(".//Account"), said.findtext(".//Arn")


def principal(aws, account, arn):
    """Returns the ARN that a trust policy knows the caller by: the role of a session, with its path."""
    if ":assumed-role/" not in arn:
        return arn
    role = arn.split("/")[1]
    try:
        return aws.query("iam", "GetRole", RoleName=role).findtext(".//Role/Arn")
    except AwsError:
        # A session's ARN has no path. The pattern matches the role whatever its path is.
        return f"arn:{partition_of(aws.region)}:iam::{account}:role/*{role}"
