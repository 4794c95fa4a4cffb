"""Takes a config through its whole life in a real account, or on the emulator, and removes everything it created.

    python3 tests/acceptance/run.py [--emulator] [--code ZIP] [--report FILE] [--yes]
    python3 tests/acceptance/run.py --sweep

docs/acceptance.md says what it needs, what it costs, and how to send its report.
"""

import argparse
import contextlib
import os
import pathlib
import platform
import signal
import sys
import time

import bucket
import emulated
import identity
import journey
import leftovers
import prices
import steps_access
import steps_api
import steps_config
import steps_end
import sweep
from aws import Aws, AwsError, Unreachable
from journey import STEPS, Failed, Interrupted, Journey, Step
from report import Mask, Report
from tool import Tool

# Each registers its steps.
SUBJECTS = (steps_config, steps_access, steps_api, steps_end)
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REGION_OF_EMULATOR = "eu-central-1"
ACCOUNT_OF_EMULATOR = "210000000001"
SPREAD_S = 90
# In the order of a config's life; the modules hold them by subject.
ORDER = """nothing yet, dry run, init, set and get, init again, update, narrow readers, watch, time to live, export,
    grant, scoped use, scoped refusals, access, key, secret,
    api, signed requests, unsigned request, read-only role, malformed paths, paths out of a grant,
    status, drift, failed create, foreign table, destroy, adoption, destroy with data"""


def arguments():
    parser = argparse.ArgumentParser(prog="just acceptance", description="Run discfg's acceptance run")
    parser.add_argument("--emulator", action="store_true", help="start the emulator and run on it")
    parser.add_argument("--emulator-url", metavar="URL", help="run on a running emulator")
    parser.add_argument("--emulator-account", metavar="ID", default=ACCOUNT_OF_EMULATOR, help="an unused account of the emulator")
    parser.add_argument("--profile", metavar="NAME", help="profile of the AWS CLI")
    parser.add_argument("--region", metavar="NAME", help="region to run in")
    parser.add_argument("--permissions-boundary", metavar="ARN", help="permissions boundary of the roles that are created")
    parser.add_argument("--code", metavar="ZIP", help="code of the API's function, if there is no discfg-lambda.zip next to discfg")
    parser.add_argument(
        "--report", metavar="FILE", default="acceptance-report.json", help="file to write the report to"
    )
    parser.add_argument("--spread", metavar="S", type=int, default=SPREAD_S, help="seconds to wait for IAM changes to propagate")
    parser.add_argument("--sweep", action="store_true", help="remove leftovers of earlier runs, after asking")
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument("--selftest", action="store_true", help="run the tests of the parts that need no account")
    return parser.parse_args()


def stop(reason):
    print(f"error: {reason}", file=sys.stderr)
    raise SystemExit(2)


def binary():
    target = os.environ.get("CARGO_TARGET_DIR") or ROOT / "target"
    found = os.environ.get("DISCFG_BIN") or os.path.join(target, "release", "discfg")
    if not os.access(found, os.X_OK):
        stop(f"{found} not found: build it with `cargo build --release --bin discfg`, or set DISCFG_BIN")
    return found


def asker(yes):
    def ask(question):
        if yes:
            return True
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            stop("refusing to continue without confirmation (no terminal): use --yes")
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    return ask


def announce(run, say):
    where = "an account of the emulator" if run.emulated else f"the account ********{run.account[-4:]}"
    dollars = prices.total(prices.EXPECTED)
    say(f"Acceptance run {run.run} in {where}, {run.aws.region}, with {run.tool.binary}")
    say("It creates, with names discfg-acc-… and the tag discfg-acceptance:")
    say(f"  the config {run.config}: a stack with a table, its roles and policies, and the stack of a grant")
    say(f"  a KMS key, which it schedules for deletion at the end ({sweep.KEY_WAIT_DAYS} days, without cost)")
    if run.options.code:
        say("  an HTTP API with a function and two log groups, and the bucket for its code unless it exists")
    else:
        say("  no HTTP API: --code ZIP is not set, and there is no discfg-lambda.zip next to discfg")
    say(f"  temporarily, a stack that fails ({run.broken}) and a table that is not a config's ({run.foreign})")
    say("It removes everything at the end, also after a failure or Ctrl-C.")
    if run.emulated:
        say("It takes about a minute and costs nothing.")
    else:
        say(f"It takes 20 to 40 minutes and costs about ${dollars:.3f} (us-east-1, prices of November 2024).")


def clean_up(run, say):
    """Removes everything that belongs to this run."""
    unused_before = "nothing yet" in run.passed
    mine = []
    for found in sweep.everything(run.aws):
        tagged = found.tags.get(sweep.TAG) == run.run
        if sweep.config_of(found) in run.configs and (tagged or unused_before):
            mine.append(found)
    left = sweep.remove_all(run.aws, sweep.in_order(mine), say)
    if run.bucket and unused_before:
        run.bucket.remove(run.configs, say)
    if left:
        raise Failed(f"not removed: {', '.join(found.name for found, _ in left)}; retry with --sweep")
    return f"{len(mine)} removed" if mine else "nothing to remove"


def look_for_leftovers(run):
    left = []

    def nothing():
        # Deleted resources can stay in lists for a while.
        left[:] = leftovers.of_configs(run.aws, run.configs, run.run)
        return not left

    try:
        sweep.wait(nothing, run.options.spread, "what is listed")
    except TimeoutError:
        raise Failed("; ".join(left)) from None
    return "nothing is left"


def heed_signals(run, say):
    """The first signal ends the steps and starts the removal. Two more signals stop the removal."""
    seen = []

    def heed(number, _frame):
        seen.append(number)
        if not run.cleaning:
            run.cleaning = True
            raise Interrupted
        if len(seen) > 2:
            raise Interrupted
        say("Removing what this run created. Press Ctrl-C again to stop; remove the rest later with --sweep.")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, heed)


def order():
    return [" ".join(name.split()) for name in ORDER.split(",")]


def walk(run, say):
    """Runs all steps, then removes what they created. Returns the exit code."""
    by_name = {each.name: each for each in STEPS}
    steps = [by_name[name] for name in order()]
    code = 0
    try:
        code = 0 if run.walk(steps, say) else 1
    except Interrupted:
        say("Interrupted: removing what this run created.")
        code = 130
    run.cleaning = True
    try:
        ending = [
            Step("clean-up", "remove what the steps left", (), lambda run: clean_up(run, say)),
            Step("left-overs", "look for leftovers, by name and tag", (), look_for_leftovers),
        ]
        good = run.walk(ending, say)
        return code or (0 if good else 1)
    except Interrupted:
        say("Removal stopped: remove the rest with --sweep.")
        return 130


def the_code(options, found):
    if options.code:
        return os.path.abspath(options.code)
    beside = os.path.join(os.path.dirname(os.path.abspath(found)), "discfg-lambda.zip")
    return beside if os.path.isfile(beside) else None


def prepare(options, endpoint, mask, report):
    """Returns the client for AWS, and the account of the emulator if it is one."""
    if endpoint:
        region = options.region or REGION_OF_EMULATOR
        on = emulated.Emulated(endpoint, options.emulator_account, region, report.request)
        for credentials in (on.administrator, on.developer):
            mask.hide_credentials(credentials)
        return Aws(lambda: on.administrator, region, endpoint, report.request), on
    credentials = identity.of_caller(options.profile)
    region = identity.region_of_caller(options.region, options.profile)

    def current():
        now = credentials()
        mask.hide_credentials(now)
        return now

    return Aws(current, region, os.environ.get("AWS_ENDPOINT_URL"), report.request), None


def keep(report, path):
    """Writes the report. A failure to write it does not change the exit code."""
    try:
        report.write(path)
    except (OSError, ValueError) as error:
        return f"Report not written: {error}"
    return f"Report: {path} (contains no account numbers, keys, tokens or values)"


def perform(options, endpoint):
    mask = Mask()
    run_id = journey.new_run()
    report = Report(run_id, mask)
    aws, on = prepare(options, endpoint, mask, report)
    account, arn = identity.look(aws)
    mask.hide_caller(account, arn)

    def say(text):
        print(mask(text), flush=True)

    if options.sweep:
        where = f"********{account[-4:]}, {aws.region}"
        say(f"Looking for leftovers of earlier runs in the account {where}.")
        return sweep.sweep(aws, asker(options.yes), say)
    if arn.endswith(":root"):
        stop("these are credentials of the root user, which can't assume a role: use those of a role or user")
    found = binary()
    if not os.access(os.path.dirname(os.path.abspath(options.report)), os.W_OK):
        stop(f"cannot write {options.report}: choose another file with --report")
    options.code = the_code(options, found)
    tool = Tool(found, aws.region, aws.endpoint, report)
    with contextlib.closing(tool):
        run = Journey(run_id, report, mask, aws, tool, options)
        run.cleaning, run.emulated, run.account = False, on, account
        run.principal = identity.principal(aws, account, arn)
        mask.hide_caller(account, run.principal)
        run.deployer = aws.identity
        run.tester = (lambda: on.developer) if on else aws.identity
        run.tester_principal = f"arn:aws:iam::{account}:user/developer" if on else run.principal
        announce(run, say)
        if not asker(options.yes)("Continue?"):
            return 1
        began = time.time()
        report.facts = {
            "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
            "emulator": bool(on),
            "region": aws.region,
            "configs": run.configs,
            "python": platform.python_version(),
            "discfg": tool.run("deployer", run.deployer(), "version").out.strip(),
        }
        try:
            if options.code:
                run.bucket = bucket.CodeBucket(aws, account, options.code)
            heed_signals(run, say)
            code = walk(run, say)
        finally:
            report.facts["seconds"] = round(time.time() - began)
            kept = keep(report, options.report)
    say("")
    for line in [*report.table(), "", *report.bill()]:
        say(line)
    say(kept)
    return code


def main():
    options = arguments()
    if options.selftest:
        import selftest

        return selftest.main()
    try:
        if options.emulator and not options.emulator_url:
            with emulated.started() as url:
                return perform(options, url)
        return perform(options, options.emulator_url)
    except (AwsError, OSError, Unreachable, identity.NoIdentity) as error:
        stop(error)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
