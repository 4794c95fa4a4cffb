"""Drift, and the end of a config: destroyed, imported, destroyed with its data."""

import sweep
from journey import Failed, step
from steps_access import able_to_use, remark
from steps_config import holds, same, without_stack


def table_state(run):
    return sweep.state_of_table(run.aws, f"discfg-{run.config}")


@step("status", "status and configs", "init")
def status(run):
    seen = run.deploy("status", run.config, "-f", "json").json()
    if not seen["stack"]["status"].endswith("_COMPLETE"):
        raise Failed(f"the stack is {seen['stack']['status']}")
    if run.config not in run.deploy("configs", "-f", "json").out:
        raise Failed("`configs` does not list it")
    return f"{seen['stack']['status']}, {len(seen['unknown'])} things unknown, and listed"


@step("drift", "status --drift", "init")
def drift(run):
    outcome = run.deploy("status", run.config, "--drift", "-f", "json", codes=(0, 1))
    if outcome.code == 1:
        raise Failed(f"an unchanged stack has drifted: {str(outcome.json().get('drift'))[:400]}")
    return "none"


@step("destroy", "destroy, which keeps the table", "init")
def destroy(run):
    gone = run.deploy("destroy", run.config, "--yes", "-f", "json").json()
    same((gone["result"], gone["data"]["deleted"]), ("destroyed", False), "the result")
    same(table_state(run), "ACTIVE", "the table")
    without_stack(run)
    return f"{1 + len(gone['grants'])} stacks deleted, the table kept"


@step("adoption", "init over the kept table", "destroy")
def adoption(run):
    made = run.deploy("init", run.config, *run.creating, "--yes", "-f", "json").json()
    run.outputs = made["outputs"]
    run.tool.forget("tester")
    holds(run, run.allowed("get", run.config, "db/url", "-f", "raw").out, "db/url")
    if "secret" not in run.passed:
        return f"{made['result']}; the values are there"
    same(run.outputs.get("KmsKeyArn"), run.key, "the key")
    policies = [run.outputs["ReadPolicyArn"], run.outputs["WritePolicyArn"]]
    with able_to_use(run, policies, run.key):
        got = run.allowed("get", run.config, "db/password", "-f", "raw").out
    holds(run, got, "db/password")
    return f"{made['result']}; the values and the secret are there{remark(run)}"


@step("destroy with data", "destroy --delete-data", "destroy")
def destroy_with_data(run):
    gone = run.deploy("destroy", run.config, "--delete-data", "--yes", "-f", "json").json()
    same((gone["result"], gone["data"]["deleted"]), ("destroyed", True), "the result")
    same(table_state(run), "GONE", "the table")
    return "the stack and the table are gone"
