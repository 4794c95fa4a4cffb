"""What a run keeps of all that was asked and answered, without account numbers, keys, tokens and values."""

import collections
import json
import os
import re
import time

import prices

ACCOUNT = "111122223333"
# Ids of IAM's that name an access key or a principal.
IAM_ID = re.compile(r"\b(AKIA|ASIA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{12,28}\b")
IN_ARN = re.compile(r"(arn:[a-z0-9-]+:[a-z0-9-]*:[a-z0-9-]*:)\d{12}(?=:)")
TOKEN = re.compile(r"(Signature=|X-Amz-Security-Token[=:]\s*|X-Amz-Signature=)[^\s,&\"]+", re.IGNORECASE)
MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+")
# A text that is as short as this could be part of any word.
SHORTEST = 6


class Mask:
    """Replaces what a report must not hold."""

    def __init__(self):
        self.words = {}
        self.callers = []

    def hide(self, word, by):
        if word and len(word) >= SHORTEST:
            self.words[word] = by

    def hide_credentials(self, credentials):
        for word in (credentials.key, credentials.secret, credentials.token):
            self.hide(word, "(credentials)")

    def hide_caller(self, account, arn):
        self.hide(account, ACCOUNT)
        name = arn.rpartition("/")[2]
        self.callers.append(re.compile(rf"(?<=[/:-]){re.escape(name)}(?![A-Za-z0-9])"))

    def __call__(self, text):
        # The longest first: one word may be part of another.
        for word in sorted(self.words, key=len, reverse=True):
            text = text.replace(word, self.words[word])
        text = IN_ARN.sub(rf"\g<1>{ACCOUNT}", text)
        text = IAM_ID.sub("(IAM id)", text)
        text = TOKEN.sub(r"\1(removed)", text)
        for caller in self.callers:
            text = caller.sub("CALLER", text)
        return MAIL.sub("(address)", text)

    def tree(self, value):
        """Returns JSON with every text in it masked."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {self(str(name)): self.tree(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.tree(item) for item in value]
        return value

    def leaks(self, text):
        """Returns what is in a text that must not be."""
        return [by for word, by in self.words.items() if word in text]


def ms_since(began):
    return round((time.monotonic() - began) * 1000)


class Report:
    """The journal of a run, in memory until it is written."""

    def __init__(self, run, mask):
        self.run, self.mask = run, mask
        self.facts, self.steps, self.calls, self.requests = {}, [], [], []
        self.own, self.tool = collections.Counter(), collections.Counter()
        self.units, self.key_since = [0.0, 0.0], None

    def request(self, service, operation, answer, began, error=None):
        """Keeps a request of the run's own."""
        self.own[operation] += 1
        line = {"service": service, "operation": operation, "ms": ms_since(began), "step": self.step()}
        if answer is None:
            line["failed"] = error
        else:
            line.update(status=answer.status, id=answer.request_id)
            if answer.status >= 300:
                line["body"] = answer.text[:4000]
        self.requests.append(line)

    def call(self, line, requests, units):
        """Keeps a call of discfg, with what it says that it asked for."""
        self.calls.append({"step": self.step(), **line})
        self.tool.update(requests)
        self.units[0] += units[0]
        self.units[1] += units[1]

    def begin(self, name, asked):
        self.steps.append({"step": name, "asked": asked, "result": "running"})

    def end(self, result, came, seconds):
        self.steps[-1].update(result=result, came=came, seconds=round(seconds, 1))

    def step(self):
        return self.steps[-1]["step"] if self.steps else "start"

    def used(self):
        hours = 0 if self.key_since is None else int((time.time() - self.key_since) // 3600) + 1
        return prices.used_by(self.own, self.tool, self.units, hours)

    def document(self):
        used = self.used()
        return self.mask.tree(
            {
                "acceptance": 1,
                "run": self.run,
                **self.facts,
                "steps": self.steps,
                "counted": {"own": dict(self.own), "discfg": dict(self.tool)},
                "used": used,
                "dollars": round(prices.total(used), 6),
                "calls": self.calls,
                "requests": self.requests,
            }
        )

    def write(self, path):
        """Writes the report, readable by its owner alone. Refuses to write what would leak."""
        text = json.dumps(self.document(), indent=1, ensure_ascii=False)
        found = self.mask.leaks(text)
        if found:
            raise ValueError(f"{', '.join(sorted(set(found)))} could not be removed from it")
        beside = f"{path}.new"
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text + "\n")
        os.replace(beside, path)

    def table(self):
        """Returns the closing table as lines."""
        rows = [
            (step["step"], step["result"], f"{step.get('seconds', 0):.1f} s", step.get("came", ""))
            for step in self.steps
        ]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        for row in rows:
            cells = [row[column].ljust(widths[column]) for column in range(2)] + [row[2].rjust(widths[2])]
            yield f"{'  '.join(cells)}  {row[3]}".rstrip()

    def bill(self):
        """Returns the counted requests and the money as lines."""
        yield f"requests: {sum(self.tool.values())} by discfg, {sum(self.own.values())} by this run"
        used = self.used()
        for what, number, dollars in prices.money(used):
            if number:
                yield f"  {what:<22} {number:>8,.0f}  ${dollars:.6f}"
        yield f"  {'total, about':<22} {'':>8}  ${prices.total(used):.4f} (us-east-1, prices of November 2024)"
