"""Tests of the parts of the run that could do harm: what a report shows, what a sweep removes, what is signed."""

import contextlib
import datetime
import io
import json
import os
import pathlib
import stat
import tempfile
import time
import types
import unittest

import journey
import paths
import prices
import run
import sweep
from aws import Answer, Credentials, error_of, signed_headers
from report import ACCOUNT, Mask, Report
from sweep import Found, choose
from tool import answered, counted

RUN = "20260131T080000Z-a1b2c3d4"
OURS = "123456789012"
SESSION = Credentials("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEJr+/=token")


class Masking(unittest.TestCase):
    def setUp(self):
        self.mask = Mask()
        self.mask.hide_credentials(SESSION)
        self.mask.hide_caller(OURS, f"arn:aws:sts::{OURS}:assumed-role/Admin/ann@example.com")

    def test_nothing_of_the_account_or_the_keys_is_in_the_file(self):
        report = Report(RUN, self.mask)
        report.facts = {"arn": f"arn:aws:iam::{OURS}:role/x", OURS: SESSION.token}
        report.begin("init", f"in {OURS}")
        self.mask.hide("value0123456789", "(value of db/url)")
        said = f"{SESSION.key} {SESSION.secret} {SESSION.token} bucket-{OURS}-x value0123456789"
        report.call({"arguments": ["set", "value0123456789"], "stdout": said, "stderr": json.dumps([said])}, {}, (0, 0))
        body = f"{said} arn:aws:iam::999988887777:role/other AROAIOSFODNN7EXAMPLE1 ann@example.com".encode()
        report.request("iam", "GetRole", Answer(403, {"x-amzn-requestid": "id-1"}, body), time.monotonic())
        report.end("FAILED", said, 1)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "report.json")
            pathlib.Path(path).write_text("of an earlier run", encoding="utf-8")
            os.chmod(path, 0o644)
            report.write(path)
            text = pathlib.Path(path).read_text(encoding="utf-8")
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        hidden = [OURS, SESSION.key, SESSION.secret, SESSION.token, "999988887777", "AROAIOS", "value01234", "ann@"]
        self.assertEqual([word for word in hidden if word in text], [])
        self.assertIn(ACCOUNT, text)
        self.assertEqual(json.loads(text)["requests"][0]["id"], "id-1")

    def test_a_report_that_would_leak_is_not_written(self):
        report = Report(RUN, self.mask)
        # What joins two texts only in the file can't be masked text by text.
        self.mask.tree = lambda value: {**value, "leaked": OURS}
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(ValueError):
            report.write(os.path.join(folder, "report.json"))

    def test_the_caller_is_hidden_in_arns_and_session_names(self):
        self.mask.hide_caller(OURS, f"arn:aws:iam::{OURS}:user/ann")
        self.assertEqual(self.mask("user/ann and discfg-ann"), "user/CALLER and discfg-CALLER")
        self.assertEqual(self.mask("a plan, user/anne"), "a plan, user/anne")

    def test_a_signature_is_no_token_but_goes_too(self):
        self.assertEqual(self.mask("Signature=abc123, x"), "Signature=(removed), x")


class Sweeping(unittest.TestCase):
    def chosen(self, *found):
        return [each.name for each in choose(found)[0]]

    def test_the_tag_and_the_name_are_needed(self):
        tagged = {sweep.TAG: RUN}
        everything = [
            Found("stack", "discfg-acc-a1b2c3d4", tagged),
            Found("stack", "discfg-acc-b1b2c3d4", {}),
            Found("stack", "discfg-acc-c1b2c3d4", {sweep.TAG: "yes"}),
            Found("stack", "discfg-payments", tagged),
            Found("stack", "discfg-acc-toolong99", tagged),
            Found("stack", "discfg-acc-short", tagged),
            Found("stack", "discfg-acc-A1B2C3D4", tagged),
            Found("stack", "my-discfg-acc-a1b2c3d4", tagged),
            Found("stack", "discfg-acc-a1b2c3d4-more", tagged),
            Found("stack", "discfg--code", tagged),
            Found("table", "discfg-acc-a1b2c3d4", {"Name": RUN}),
            Found("table", "discfg-payments", {}),
        ]
        chosen, spared = choose(everything)
        self.assertEqual([found.name for found in chosen], ["discfg-acc-a1b2c3d4"])
        # What has neither is nobody's business here.
        self.assertEqual(len(spared), 10)
        self.assertNotIn(("table", "discfg-payments"), [(found.kind, found.name) for found, _ in spared])

    def test_a_key_is_known_by_two_tags(self):
        of = {sweep.CONFIG_TAG: "acc-a1b2c3d4"}
        self.assertEqual(self.chosen(Found("key", "k", {**of, sweep.TAG: RUN})), ["k"])
        self.assertEqual(self.chosen(Found("key", "k", of)), [])
        self.assertEqual(self.chosen(Found("key", "k", {sweep.CONFIG_TAG: "payments", sweep.TAG: RUN})), [])
        self.assertEqual(self.chosen(Found("key", "discfg-acc-a1b2c3d4", {sweep.TAG: RUN})), [])

    def test_grants_go_before_their_config_and_tables_after_it(self):
        tagged = {sweep.TAG: RUN}
        found = [
            Found("key", "k", {**tagged, sweep.CONFIG_TAG: "acc-a1b2c3d4"}),
            Found("table", "discfg-acc-a1b2c3d4", tagged),
            Found("stack", "discfg-acc-a1b2c3d4", tagged),
            Found("stack", "discfg-acc-a1b2c3d4--team", tagged),
        ]
        self.assertEqual(self.chosen(*found), [each.name for each in reversed(found)])

    def test_names_and_ids_of_a_run_are_such_as_a_sweep_knows(self):
        self.assertRegex(journey.new_run(), f"^{sweep.RUN.pattern}$")
        names = journey.Journey(RUN, None, Mask(), None, None, None).configs
        self.assertEqual(len(set(names)), 3)
        for name in names:
            self.assertEqual(sweep.config_of(Found("stack", f"discfg-{name}--team")), name)

    def test_without_a_yes_nothing_is_removed(self):
        removed = []
        aws = types.SimpleNamespace(json=lambda *given, **_: removed.append(given))
        found = [Found("key", "k", {sweep.TAG: RUN, sweep.CONFIG_TAG: "acc-a1b2c3d4"})]
        everything, sweep.everything = sweep.everything, lambda *_: found
        try:
            self.assertEqual(sweep.sweep(aws, lambda _: False, lambda _: None), 1)
            self.assertEqual(removed, [])
            self.assertEqual(sweep.sweep(aws, lambda _: True, lambda _: None), 0)
            self.assertEqual(removed, [("kms", "ScheduleKeyDeletion")])
        finally:
            sweep.everything = everything

    def test_waiting_is_bounded(self):
        with self.assertRaises(TimeoutError):
            sweep.wait(lambda: None, 0, "nothing")


class Signing(unittest.TestCase):
    def signature(self, query, path="/"):
        who = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        now = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.timezone.utc)
        headers = {"Host": "example.amazonaws.com"}
        signed = signed_headers(who, "service", "us-east-1", "GET", path, query, headers, b"", now)
        return signed["Authorization"].rpartition("=")[2]

    def test_signatures_are_those_of_the_published_suite(self):
        self.assertEqual(self.signature(()), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
        query = [("Param2", "value2"), ("Param1", "value1")]
        self.assertEqual(self.signature(query), "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")

    def test_a_malformed_path_is_signed_as_it_is(self):
        self.assertNotEqual(self.signature((), "/a/../b"), self.signature((), "/b"))

    def test_error_bodies_are_read(self):
        self.assertEqual(error_of('{"__type":"x#Denied","message":"no"}'), ("Denied", "no"))
        self.assertEqual(error_of("<E><Code>Denied</Code><Message>no</Message></E>"), ("Denied", "no"))
        self.assertEqual(error_of("[1]"), ("", "[1]"))


class Reading(unittest.TestCase):
    def test_requests_that_are_told_are_read_and_may_be_missing(self):
        line = 'debug: answered operation=GetItem status=200 id="4KBNVR-1"\n'
        self.assertEqual(answered(line), [{"operation": "GetItem", "status": "200", "id": "4KBNVR-1"}])
        line = "2026-01-31T08:00:00Z debug: answered; id: 4KBNVR-1; operation: GetItem; status: 200\n"
        self.assertEqual(answered(line), [{"id": "4KBNVR-1", "operation": "GetItem", "status": "200"}])
        self.assertEqual(answered("because: denied (request id: 0123456789abcdef0)\n"), [{"id": "0123456789abcdef0"}])
        self.assertEqual(answered("DEBUG discfg::aws::cache: no cached file\n"), [])

    def test_statistics_are_read(self):
        line = "stats: 3 requests (AssumeRole 1, GetItem 2); 1.5 read units, 10 write units, about $0.1\n"
        self.assertEqual(counted(line), ({"AssumeRole": 1, "GetItem": 2}, (1.5, 10.0)))
        api = "stats: 1 requests (/keys 1); an API doesn't tell what they read and write\n"
        self.assertEqual(counted(api), ({"/keys": 1}, (0.0, 0.0)))
        self.assertEqual(counted("nothing"), ({}, (0.0, 0.0)))

    def test_a_run_is_expected_to_cost_less_than_ten_cents(self):
        self.assertLess(prices.total(prices.EXPECTED), 0.1)
        self.assertEqual(prices.total(prices.used_by({}, {}, (0, 0), 0)), 0)


class Walking(unittest.TestCase):
    def test_every_step_is_in_the_order_and_after_what_it_needs(self):
        names = run.order()
        self.assertEqual(sorted(names), sorted(each.name for each in journey.STEPS))
        for each in journey.STEPS:
            for need in each.needs:
                self.assertLess(names.index(need), names.index(each.name))

    def test_a_failed_step_stops_only_what_needs_it(self):
        def fail(_):
            raise KeyError("what nobody expects")

        going = journey.Journey(RUN, Report(RUN, Mask()), Mask(), None, None, None)
        steps = [
            journey.Step("a", "", (), fail),
            journey.Step("b", "", ("a",), lambda _: "never"),
            journey.Step("c", "", (), lambda _: "went on"),
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertFalse(going.walk(steps, lambda _: None))
        self.assertEqual([line["result"] for line in going.report.steps], ["FAILED", "skipped", "ok"])

    def test_no_malformed_path_is_in_the_one_form(self):
        of = paths.Paths("mycfg")
        found = [path for _, path, _ in of.malformed("db", "x", "web", "y")]
        self.assertEqual(len(found), len(set(found)))
        for path in found:
            self.assertTrue(any(mark in path for mark in ("..", "%", "//")) or path.endswith("/"), path)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(__import__("selftest"))
    return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
