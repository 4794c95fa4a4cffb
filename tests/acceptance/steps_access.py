"""Roles that are restricted to sections, and secrets."""

import contextlib
import time

from aws import AwsError
from emulated import LEADING_KEYS
from journey import Failed, Skipped, step
from steps_config import holds, same

GRANT = "team"


def policy(run, name):
    partition = run.principal.split(":")[1]
    return f"arn:{partition}:iam::{run.account}:policy/discfg/discfg-{run.config}{name}"


def grant_role(run):
    partition = run.principal.split(":")[1]
    return f"arn:{partition}:iam::{run.account}:role/discfg/discfg-{run.config}--{GRANT}-{run.aws.region}"


def grant_policies(run):
    return [policy(run, f"--{GRANT}-{run.aws.region}")]


@contextlib.contextmanager
def able_to_use(run, policies, key=None):
    """On the emulator, puts policies without conditions in force."""
    with contextlib.ExitStack() as stack:
        if run.emulated:
            alias = f"arn:aws:kms:{run.aws.region}:{run.account}:alias/discfg-{run.config}" if key else None
            stack.enter_context(run.emulated.without_conditions(policies, alias))
            if key:
                stack.enter_context(run.emulated.open_key(key, run.account))
        yield


def remark(run):
    return " (emulator: by policies without conditions)" if run.emulated else ""


@step("grant", f"grant {GRANT} --write db", "set and get")
def grant(run):
    flags = ["--write", "db", "--principal", run.tester_principal, *run.creating]
    made = run.deploy("grant", run.config, GRANT, *flags, "--yes", "-f", "json").json()
    same(made["result"], "created", "the result")
    if GRANT not in run.deploy("grants", run.config, "-f", "json").out:
        raise Failed("`grants` does not list it")
    return "created and listed"


@step("scoped use", "write and read the grant's section in its role", "grant")
def scoped_use(run):
    with able_to_use(run, grant_policies(run)):
        run.allowed("set", run.config, "db/scoped", run.value("db/scoped"), "-q", "--as", GRANT)
        got = run.allowed("get", run.config, "db/scoped", "-f", "raw", "--as", GRANT).out
    holds(run, got, "db/scoped")
    return f"1 key as it was set{remark(run)}"


@step("scoped refusals", "other sections in the grant's role, with discfg and with raw requests", "grant")
def scoped_refusals(run):
    if run.emulated:
        raise Skipped(LEADING_KEYS)
    run.call("get", run.config, "web/port", "--as", GRANT, codes=(5,))
    run.call("set", run.config, "web/port", "1", "--as", GRANT, codes=(5,))
    table = f"discfg-{run.config}"
    as_grant = run.aws.as_(run.assumed(grant_role(run)))

    def key(section):
        return {"pk": {"S": section}, "sk": {"S": "x"}}

    def query(section):
        return {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": section}}}

    def checked(section):
        return [{"Put": {"TableName": table, "Item": key(section)}}]

    as_grant.json("dynamodb", "Query", TableName=table, **query("/db"))
    refused = {
        "GetItem": dict(TableName=table, Key=key("/web")),
        "Query": dict(TableName=table, **query("/web")),
        "PutItem": dict(TableName=table, Item=key("/web")),
        "UpdateItem": dict(TableName=table, Key=key("@root")),
        "DeleteItem": dict(TableName=table, Key=key("@config")),
        "BatchGetItem": dict(RequestItems={table: {"Keys": [key("/db"), key("/web")]}}),
        "TransactWriteItems": dict(TransactItems=[*checked("/db"), *checked("/web")]),
        "Scan": dict(TableName=table),
        "ExecuteStatement": dict(Statement=f"SELECT * FROM \"{table}\" WHERE pk = '/web'"),
    }
    through = []
    for operation, given in refused.items():
        try:
            as_grant.json("dynamodb", operation, **given)
            through.append(operation)
        except AwsError as error:
            if not error.code.startswith("AccessDenied"):
                through.append(f"{operation} ({error.code})")
    if through:
        raise Failed(f"not denied: {', '.join(through)}")
    return f"{len(refused)} raw requests and 2 calls denied"


@step("access", "access: can the caller read?", "set and get")
def access(run):
    said = run.deploy("access", run.config, "--principal", run.principal, "read", "db/url", "-f", "json").json()
    ways = {way["as"]: way["answer"] for way in said["ways"]}
    if run.emulated:
        # Its policy simulator leaves out the managed policies of a role.
        return f"yes (emulator: by the caller's own policies; through the read role {ways['read']})"
    same(ways["read"], "yes", "the answer for the read role")
    return "yes, through the read role"


@step("key", "init --kms, and update the grant", "grant")
def key(run):
    made = run.deploy("init", run.config, "--kms", "--yes", "-f", "json").json()
    same(made["result"], "updated", "the result")
    run.outputs = made["outputs"]
    run.key = run.outputs["KmsKeyArn"]
    run.report.key_since = time.time()
    again = run.deploy("grant", run.config, GRANT, "--yes", "-f", "json").json()
    return f"updated; the grant {again['result']}"


@step("secret", "set --secret, get, ls, and the item in the table", "key")
def secret(run):
    policies = [run.outputs["ReadPolicyArn"], run.outputs["WritePolicyArn"]]
    with able_to_use(run, policies, run.key):
        run.allowed("set", "-c", run.config, "db/password", "--secret", "-q", stdin=run.value("db/password"))
        got = run.allowed("get", run.config, "db/password", "-f", "raw").out
        holds(run, got, "db/password")
        listed = run.call("ls", run.config, "db", "--values").out
        exported = run.call("export", run.config, "-f", "json").json()
        holds(run, exported.get("/db/password"), "db/password")
        items = run.aws.as_(run.assumed(run.outputs["ReadRoleArn"])).json(
            "dynamodb",
            "Query",
            TableName=f"discfg-{run.config}",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "/db"}},
        )
    if run.value("db/password") in listed + str(items):
        raise Failed("the secret is visible")
    return f"decrypted by get and export, masked by ls, encrypted in the table{remark(run)}"
