//! `init` that is left before its end: by Ctrl-C, by a second one, by its `--timeout`.

use support::account::Account;
use support::cli::Place;
use support::emulator::Emulator;
use support::proxy::Proxy;

fn place() -> (Account, Proxy, Place) {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    (account, proxy, place)
}

fn stacks(account: &Account) -> String {
    account
        .query(&account.root(), "cloudformation", "2010-05-15", "ListStacks", &[])
        .expect("root may list stacks")
}

#[test]
fn ctrl_c_leaves_a_deployment_running_and_says_how_to_go_on() {
    let (_account, proxy, place) = place();
    // The first look is before the execution.
    let gate = proxy.on("DescribeStackEvents").skip(1).times(1).hold();
    let init = place.args(["init", "payments", "--yes"]).start();
    gate.arrived();
    init.signal("INT");
    init.end()
        .code(130)
        .stdout("")
        .stderr_has("deployment of discfg-payments continues in the background")
        .stderr_has("`discfg status payments` shows its state")
        .stderr_has("stop it: `aws cloudformation delete-stack --stack-name discfg-payments`");
    place
        .args(["init", "payments", "--wait"])
        .run()
        .code(0)
        .stdout_has("payments: unchanged");

    let gate = proxy.on("DescribeStackEvents").skip(1).times(1).hold();
    let update = ["init", "payments", "--yes", "--history-days", "7"];
    let init = place.args(update).start();
    gate.arrived();
    init.signal("INT");
    init.end()
        .code(130)
        .stderr_has("stop it: `aws cloudformation cancel-update-stack --stack-name discfg-payments`");
}

#[test]
fn a_timeout_leaves_a_deployment_running_with_exit_code_seven() {
    let (_account, proxy, place) = place();
    let _gate = proxy.on("DescribeStackEvents").skip(1).times(1).hold();
    place
        .args(["init", "payments", "--yes", "--timeout", "50ms"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has(
            "timed out after 50ms (--timeout): deployment of discfg-payments continues in the background",
        )
        .stderr_has("discfg status payments");
    place.args(["init", "payments", "--wait"]).run().code(0);
    place
        .args(["init", "payments", "--timeout", "soon"])
        .run()
        .code(2)
        .stderr_has("expected a whole number with ms, s, m, h or d");
    for flag in ["--wait", "--timeout=1m"] {
        place
            .args(["init", "payments", "--local", flag])
            .run()
            .code(2)
            .stderr_has("a local config has no stack");
    }
}

#[test]
fn a_timeout_waits_for_the_deployment_to_begin() {
    let (account, proxy, place) = place();
    let gate = proxy.on("ExecuteChangeSet").times(1).hold();
    let _more = proxy.on("DescribeStackEvents").skip(1).times(1).hold();
    let init = place
        .args(["init", "payments", "--yes", "--timeout", "10ms"])
        .start();
    gate.arrived();
    gate.release();
    init.end()
        .code(7)
        .stderr_has("deployment of discfg-payments continues in the background");
    assert!(!stacks(&account).contains("REVIEW_IN_PROGRESS"), "it has begun");
}

#[test]
fn ctrl_c_while_the_change_set_is_made_takes_it_back() {
    let (account, proxy, place) = place();
    let gate = proxy.on("DescribeChangeSet").times(1).hold();
    let init = place.args(["init", "payments", "--yes"]).start();
    gate.arrived();
    init.signal("INT");
    init.says("Press Ctrl-C again to exit immediately");
    gate.release();
    init.end().code(130).stdout("").stderr_has("nothing was deployed");
    let listed = stacks(&account);
    assert!(
        !listed.contains("REVIEW_IN_PROGRESS") && !listed.contains("CREATE_COMPLETE"),
        "{listed}"
    );
}

#[test]
fn ctrl_c_twice_leaves_at_once() {
    let (_account, proxy, place) = place();
    let gate = proxy.on("DescribeChangeSet").times(1).hold();
    let init = place.args(["init", "payments", "--yes"]).start();
    gate.arrived();
    init.signal("INT");
    init.says("Press Ctrl-C again to exit immediately");
    init.signal("INT");
    init.end()
        .code(130)
        .stdout("")
        .stderr_has("interrupted before the end")
        .stderr_has("rerun to resume");
    proxy.calm();
    place.args(["init", "payments", "--yes"]).run().code(0);
}

#[test]
fn ctrl_c_during_the_proof_says_that_the_stack_is_deployed() {
    let (account, proxy, place) = place();
    let gate = proxy.on("AssumeRole").times(1).hold();
    let user = account.user("deployer", &["*"]);
    let place = place.who(&user);
    let init = place.args(["init", "payments", "--yes"]).start();
    gate.arrived();
    init.signal("INT");
    init.end()
        .code(130)
        .stdout("")
        .stderr_has("the stack discfg-payments is deployed; its read role was not verified");
    assert_eq!(
        account.items("discfg-payments").len(),
        2,
        "its settings are stored"
    );
}

/// A terminal on which the question is answered with Ctrl-C.
const CTRL_C_AT_THE_QUESTION: &str = "
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp('discfg', ['discfg', 'init', 'payments'])
seen = b''
while b'[y/N]' not in seen:
    seen += os.read(terminal, 4096)
os.write(terminal, b'\\x03')
try:
    while part := os.read(terminal, 4096):
        seen += part
except OSError:
    pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";

#[test]
fn ctrl_c_at_the_question_removes_the_change_set() {
    let (account, _proxy, place) = place();
    place.write("ask.py", CTRL_C_AT_THE_QUESTION);
    place
        .shell("python3 ask.py")
        .env("TERM", "xterm")
        .run()
        .code(130)
        .stdout_has("cancelled: change set removed");
    let listed = stacks(&account);
    assert!(!listed.contains("REVIEW_IN_PROGRESS"), "{listed}");
}
