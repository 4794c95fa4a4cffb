"""A config's stack, its roles, and its content."""

import json
import time

import leftovers
import sweep
from emulated import ROLLBACK
from journey import Failed, Skipped, step
from tool import stop

NOBODY = "discfg-acceptance-nobody"
HISTORY_DAYS = 9
LEASE_S = 5
LEASE_PATIENCE_S = 30
CHANGE_PATIENCE = "60s"


def same(found, wanted, what):
    if found != wanted:
        raise Failed(f"{what} is {found!r}, not {wanted!r}")


def holds(run, got, key):
    """Fails unless what was read is what was set. Neither is shown."""
    if got != run.value(key):
        raise Failed(f"{key} is not what was set")


def without_stack(run):
    """Waits until no stack of the config is listed any more."""
    name = f"discfg-{run.config}"

    def gone():
        return not any(each.name.startswith(name) for each in sweep.stacks(run.aws))

    run.until(gone, lambda: f"a stack {name} is still listed")


@step("nothing yet", "check that no resource has this run's names")
def nothing_yet(run):
    found = list(leftovers.of_configs(run.aws, run.configs, run.run))
    if found:
        raise Failed("; ".join(found))
    return "nothing"


@step("dry run", "init --dry-run", "nothing yet")
def dry_run(run):
    planned = run.deploy("init", run.config, "--dry-run", "-f", "json").json()
    same(planned["result"], "planned", "the result")
    without_stack(run)
    return f"{len(planned['changes'])} resources planned, no stack left"


@step("init", "init with a tag", "nothing yet")
def init(run):
    made = run.deploy("init", run.config, *run.creating, "--yes", "-f", "json").json()
    same(made["result"], "created", "the result")
    run.outputs = made["outputs"]
    return f"created: {len(made['changes'])} resources"


@step("set and get", "write in the write role, read in the read role", "init")
def set_and_get(run):
    for key in ("db/url", "web/port", "mode"):
        run.allowed("set", run.config, key, run.value(key), "-q")
        got = run.allowed("get", run.config, key, "-f", "raw").out
        holds(run, got, key)
    missing = run.call("get", run.config, "db/nosuch", codes=(3,))
    return f"3 keys as they were set; a missing key is exit code {missing.code}"


@step("init again", "init with nothing to change", "init")
def init_again(run):
    same(run.deploy("init", run.config, "--yes", "-f", "json").json()["result"], "unchanged", "the result")
    return "unchanged"


@step("update", f"init --history-days {HISTORY_DAYS}", "init")
def update(run):
    made = run.deploy("init", run.config, "--history-days", str(HISTORY_DAYS), "--yes", "-f", "json").json()
    same(made["result"], "updated", "the result")
    changed = {each["name"]: each["after"] for each in made["parameters"]}
    same(changed.get("HistoryDays"), str(HISTORY_DAYS), "HistoryDays")
    return "updated"


@step("narrow readers", "init --reader for somebody else, then for the caller", "set and get")
def narrow_readers(run):
    partition = run.principal.split(":")[1]
    nobody = f"arn:{partition}:iam::{run.account}:role/{NOBODY}"
    run.deploy("init", run.config, "--reader", nobody, "--yes", "-f", "json")
    refused = run.denied("get", run.config, "db/url", "-f", "raw")
    readers = sorted({run.principal, run.tester_principal})
    flags = [flag for reader in readers for flag in ("--reader", reader)]
    run.deploy("init", run.config, *flags, "--yes", "-f", "json")
    holds(run, run.allowed("get", run.config, "db/url", "-f", "raw").out, "db/url")
    return f"denied with exit code {refused.code}, then allowed again"


@step("watch", "watch --once while another call writes", "set and get")
def watch(run):
    info = run.call("info", run.config, "-f", "json").json()
    revision = next(each["revision"] for each in info["sections"] if each["name"].strip("/") == "db")
    # After a revision, so that the change is seen whichever of the two calls is first.
    bounds = ["--after", str(revision), "--once", "--timeout", CHANGE_PATIENCE]
    arguments = ["watch", run.config, "db", *bounds, "-f", "json"]
    began = time.monotonic()
    watching = run.tool.start("tester", run.tester(), arguments)
    try:
        run.call("set", run.config, "db/seen", run.value("db/seen"), "-q")
    except BaseException:
        stop(watching)
        raise
    seen = run.tool.finish("tester", watching, arguments, began, patience=120)
    run.expect(seen, (0,))
    changes = [json.loads(line) for line in seen.out.splitlines()]
    same([(each["op"], each["key"]) for each in changes], [("set", "/db/seen")], "what was seen")
    holds(run, changes[0]["value"], "db/seen")
    return f"one change, at revision {changes[0]['revision']}"


@step("time to live", f"set --ttl {LEASE_S}s, then read until it has expired", "set and get")
def time_to_live(run):
    run.call("set", run.config, "db/lease", run.value("db/lease"), "--ttl", f"{LEASE_S}s", "-q")
    began = time.monotonic()
    run.call("get", run.config, "db/lease", "-f", "raw")
    while run.call("get", run.config, "db/lease", "-f", "raw", codes=(0, 3)).code == 0:
        if time.monotonic() - began > LEASE_PATIENCE_S:
            raise Failed(f"still readable after {LEASE_PATIENCE_S} s")
        time.sleep(0.5)
    return f"not read any more after {time.monotonic() - began:.0f} s"


@step("export", "export -f json", "set and get")
def export(run):
    everything = run.call("export", run.config, "-f", "json").json()
    for key in ("db/url", "web/port", "mode"):
        holds(run, everything.get(f"/{key}"), key)
    if "/db/lease" in everything:
        raise Failed("it contains a key with a time to live")
    below = run.call("export", run.config, "--prefix", "web", "-f", "json").json()
    same(list(below), ["port"], "what is below /web")
    return f"{len(everything)} keys; {len(below)} below /web"


@step("failed create", "init with a permissions boundary that does not exist", "nothing yet")
def failed_create(run):
    if run.emulated:
        raise Skipped(ROLLBACK)
    partition = run.principal.split(":")[1]
    boundary = f"arn:{partition}:iam::{run.account}:policy/{NOBODY}"
    arguments = ["init", run.broken, "--permissions-boundary", boundary, "--tag", run.tag, "--yes", "-f", "json"]
    outcome = run.tool.run("deployer", run.deployer(), *arguments)
    if outcome.code in (0, 2):
        raise Failed(outcome.reason)
    run.deploy("status", run.broken, "-f", "json", codes=(0, 3, 7))
    run.deploy("destroy", run.broken, "--delete-data", "--yes", "-f", "json", codes=(0, 3))
    return outcome.reason


@step("foreign table", "init over a table with another key schema", "nothing yet")
def foreign_table(run):
    table = f"discfg-{run.foreign}"
    run.aws.json(
        "dynamodb",
        "CreateTable",
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        Tags=[{"Key": sweep.TAG, "Value": run.run}],
    )
    sweep.wait(lambda: sweep.state_of_table(run.aws, table) == "ACTIVE", 300, "the creation of a table")
    outcome = run.deploy("init", run.foreign, "--tag", run.tag, "--yes", "-f", "json", codes=(7, 8))
    same(sweep.state_of_table(run.aws, table), "ACTIVE", "the table")
    sweep.remove_table(run.aws, sweep.Found("table", table))
    return f"refused: {outcome.reason}; the table is untouched"
