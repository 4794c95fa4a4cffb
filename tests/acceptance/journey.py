"""One run: its names, who acts, what it waits for, and how a step is run and ends."""

import random
import string
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

import sweep
from aws import Answer, send, signed_headers

DENIED = 5
# Not the random numbers of a test: names must not collide with those of another run.
RANDOM = random.SystemRandom()


class Failed(Exception):
    """What came is not what a step expects."""


class Skipped(Exception):
    """A step that can't be run here, with why."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM."""


@dataclass(frozen=True)
class Step:
    name: str
    asked: str
    needs: tuple
    run: Callable


STEPS = []


def step(name, asked, *needs):
    """Registers a step. It is skipped unless each step in `needs` has passed."""

    def register(function):
        STEPS.append(Step(name, asked, needs, function))
        return function

    return register


def letters(count):
    return "".join(RANDOM.choice(string.ascii_lowercase + string.digits) for _ in range(count))


def new_run():
    """Returns the id of a run, which its tag bears."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{letters(8)}"


class Journey:
    """What the steps share."""

    def __init__(self, run, report, mask, aws, tool, options):
        self.run, self.report, self.mask, self.aws, self.tool = run, report, mask, aws, tool
        self.options = options
        self.config, self.broken, self.foreign = (f"acc-{letters(8)}" for _ in range(3))
        self.emulated = None
        self.deployer = self.tester = None
        self.account = self.principal = self.tester_principal = None
        self.outputs, self.key, self.bucket = {}, None, None
        self.values = {}
        self.passed = set()

    @property
    def configs(self):
        return [self.config, self.broken, self.foreign]

    @property
    def tag(self):
        return f"{sweep.TAG}={self.run}"

    @property
    def creating(self):
        """The flags of whatever creates a stack."""
        boundary = self.options.permissions_boundary
        return ["--tag", self.tag, *(["--permissions-boundary", boundary] if boundary else [])]

    def value(self, name):
        """Returns a random value by name, which no report shows."""
        if name not in self.values:
            self.values[name] = f"value{letters(16)}"
            self.mask.hide(self.values[name], f"(value of {name})")
        return self.values[name]

    # Calls of discfg.

    def deploy(self, *arguments, codes=(0,)):
        """Calls discfg with the deployer's credentials."""
        return self.expect(self.tool.run("deployer", self.deployer(), *arguments), codes)

    def call(self, *arguments, codes=(0,), env=None, stdin=None):
        """Calls discfg as somebody who works with the config."""
        return self.expect(self.tool.run("tester", self.tester(), *arguments, env=env, stdin=stdin), codes)

    def allowed(self, *arguments, **how):
        """The same, again and again while IAM denies it, since what IAM was told takes time to spread."""

        reasons = []

        def look():
            outcome = self.call(*arguments, codes=(0, DENIED), **how)
            if outcome.code == DENIED:
                reasons.append(outcome.reason)
                self.tool.forget("tester")
                return None
            return outcome

        return self.until(look, lambda: f"`discfg {' '.join(arguments[:2])}` is still denied ({reasons[-1]})")

    def denied(self, *arguments, **how):
        """The same until IAM denies it."""

        def look():
            self.tool.forget("tester")
            outcome = self.call(*arguments, codes=(0, DENIED), **how)
            return outcome if outcome.code == DENIED else None

        return self.until(look, lambda: f"`discfg {' '.join(arguments[:2])}` is still allowed")

    @staticmethod
    def expect(outcome, codes):
        if outcome.code not in codes:
            raise Failed(outcome.reason)
        return outcome

    def until(self, look, late):
        """Looks until something comes, within the bound for IAM to spread. `late` says what is the matter after that."""
        try:
            return sweep.wait(look, self.options.spread, "IAM")
        except TimeoutError:
            raise Failed(f"{late()} after {self.options.spread} s") from None

    # Requests of the run's own.

    def assumed(self, role):
        """Returns credentials of a role, assumed by the tester, and hides them."""
        credentials = self.aws.as_(self.tester()).assume(role)
        self.mask.hide_credentials(credentials)
        return credentials

    def api_url(self):
        """Returns where the API answers, and what its paths begin with there."""
        if self.emulated:
            return self.aws.endpoint, f"/_aws/execute-api/{self.outputs['ApiId']}/$default"
        return self.outputs["ApiEndpoint"], ""

    def api(self, who, method, path, body=b""):
        """Sends a request to the API with the path exactly as given, signed if `who` is given."""
        url, prefix = self.api_url()
        path = prefix + path
        headers = {"Host": urllib.parse.urlsplit(url).netloc}
        if body:
            headers["Content-Type"] = "text/plain"
        if who:
            headers = signed_headers(who, "execute-api", self.aws.region, method, path, (), headers, body)
        began = time.monotonic()
        try:
            answer = send(url, method, path, (), headers, body)
        except (OSError, ValueError) as error:
            self.report.request("execute-api", "API", None, began, str(error))
            return Answer(0, {}, str(error).encode())
        self.report.request("execute-api", "API", answer, began)
        return answer

    def answered(self, who, method, path, body=b"", statuses=(200,)):
        """The same, again and again until the answer has one of these statuses."""
        answers = []

        def look():
            answers.append(self.api(who, method, path, body))
            return answers[-1] if answers[-1].status in statuses else None

        return self.until(look, lambda: f"a signed {method} is still answered with {answers[-1].status}")

    # Steps.

    def walk(self, steps, say):
        """Runs the steps, one line for each. Returns whether none failed."""
        good = True
        for number, each in enumerate(steps, 1):
            self.report.begin(each.name, each.asked)
            began = time.monotonic()
            try:
                result, came = "ok", self.take(each)
                self.passed.add(each.name)
            except Skipped as why:
                result, came = "skipped", str(why)
            except Interrupted:
                self.report.end("interrupted", "", time.monotonic() - began)
                raise
            except Exception as error:
                # Whatever goes wrong fails the step and not the clean-up.
                result, came, good = "FAILED", f"{type(error).__name__}: {error}", False
                if isinstance(error, Failed):
                    came = str(error)
            self.report.end(result, came, time.monotonic() - began)
            shown = f"skipped: {came}" if result == "skipped" else f"{came}: {result}" if came else result
            say(f"[{number:>2}/{len(steps)}] {each.name}: {each.asked} -> {shown}")
        return good

    def take(self, each):
        for need in each.needs:
            if need not in self.passed:
                result = next((line["result"] for line in self.report.steps if line["step"] == need), "not run")
                raise Skipped(f"the step {need} {'failed' if result == 'FAILED' else 'was ' + result}")
        return each.run(self) or ""
