"""The HTTP API: which callers are authorized, and malformed paths."""

from journey import Failed, Skipped, step
from paths import Paths
from steps_access import GRANT, grant_role
from steps_config import holds, same


def credentials(run, output):
    return run.assumed(run.outputs[output])


@step("api", "init --api, and update the grant", "grant")
def api(run):
    if not run.options.code:
        raise Skipped("no code for the function: use --code ZIP, or put discfg-lambda.zip next to discfg")
    made = run.deploy("init", run.config, "--api", "--code", run.options.code, "--yes", "-f", "json").json()
    same(made["result"], "updated", "the result")
    run.outputs = made["outputs"]
    again = run.deploy("grant", run.config, GRANT, "--yes", "-f", "json").json()
    return f"updated; the grant {again['result']}"


@step("signed requests", "PUT in the write role, GET in the read role, and discfg through the API", "api")
def signed_requests(run):
    paths = Paths(run.config)
    writer, reader = credentials(run, "WriteRoleArn"), credentials(run, "ReadRoleArn")
    run.answered(writer, "PUT", paths.key("db", "api"), run.value("db/api").encode(), statuses=(200, 201))
    got = run.answered(reader, "GET", paths.key("db", "api"))
    if run.value("db/api") not in got.text:
        raise Failed("the response does not contain the value that was set")
    url, prefix = run.api_url()
    through = {"DISCFG_ENGINE": url + prefix, "DISCFG_SIGN": "true"}
    seen = run.allowed("get", run.config, "db/api", "-f", "raw", env=through).out
    holds(run, seen, "db/api")
    return "written and read; discfg reads it through the API"


@step("unsigned request", "GET without a signature", "signed requests")
def unsigned_request(run):
    if run.emulated:
        raise Skipped("the emulator treats a request without a signature as from another account")
    unsigned = run.api(None, "GET", Paths(run.config).key("db", "api"))
    same(unsigned.status, 403, "the status")
    return "403"


@step("read-only role", "PUT in the read role", "signed requests")
def read_only_role(run):
    writing = run.api(credentials(run, "ReadRoleArn"), "PUT", Paths(run.config).key("db", "api"), b"x")
    same(writing.status, 403, "the status")
    return "403"


@step("malformed paths", "dots, encoded characters and double slashes in the write role", "signed requests")
def malformed_paths(run):
    paths, writer = Paths(run.config), credentials(run, "WriteRoleArn")
    came, served = [], []
    for name, path, may_be_decoded in paths.malformed("db", "api", "web", "port"):
        answer = run.api(writer, "GET", path)
        came.append(str(answer.status))
        decoded = may_be_decoded and answer.status == 200 and run.value("db/api") in answer.text
        if not decoded and not 400 <= answer.status < 500:
            served.append(f"{name} ({answer.status})")
    if served:
        raise Failed(f"not refused: {', '.join(served)}")
    return f"answered {', '.join(came)}"


@step("paths out of a grant", "other sections in the grant's role, with every form of a path", "signed requests")
def paths_out_of_a_grant(run):
    paths, role = Paths(run.config), run.assumed(grant_role(run))
    run.answered(role, "GET", paths.key("db", "api"))
    came, served = [], []
    for name, path in paths.to_other_section("db", "web", "port"):
        answer = run.api(role, "GET", path)
        came.append(str(answer.status))
        if answer.status < 400 or run.value("web/port") in answer.text:
            served.append(f"{name} ({answer.status})")
    writing = run.api(role, "PUT", paths.key("web", "port"), b"x")
    if served or writing.status != 403:
        raise Failed(f"not refused: {', '.join(served) or f'a PUT ({writing.status})'}")
    return f"its own section answered; others {', '.join(came)}"
