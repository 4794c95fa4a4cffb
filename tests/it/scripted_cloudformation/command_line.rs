use crate::support::cli::Place;
use crate::support::emulator::Emulator;

use super::answers::{Event, absent, change_set, change_set_made, done, events};
use super::server::Scripted;

const STACK: &str = "discfg-payments";
const REVIEW: Event<'static> = ("e0", STACK, "REVIEW_IN_PROGRESS", "", "");

#[test]
fn a_failed_create_is_exit_code_seven_and_running_init_again_works() {
    let made = [
        ("Add", "ReadRole", "AWS::IAM::Role", ""),
        ("Add", "Table", "AWS::DynamoDB::Table", ""),
    ];
    let cloudformation = Scripted::play(vec![
        absent(),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &made),
        events(&[REVIEW]),
        done("ExecuteChangeSet"),
        events(&[
            REVIEW,
            ("e1", STACK, "CREATE_IN_PROGRESS", "", "@TOKEN@"),
            (
                "e2",
                "ReadRole",
                "CREATE_FAILED",
                "not authorized: iam:CreateRole",
                "@TOKEN@",
            ),
            (
                "e3",
                "Table",
                "CREATE_FAILED",
                "Resource creation cancelled",
                "@TOKEN@",
            ),
            (
                "e4",
                STACK,
                "CREATE_FAILED",
                "The following resource(s) failed",
                "@TOKEN@",
            ),
            ("e5", STACK, "DELETE_IN_PROGRESS", "", ""),
            ("e6", STACK, "DELETE_COMPLETE", "", ""),
        ]),
    ]);
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place
        .args(["init", "payments", "--yes"])
        .env("AWS_ENDPOINT_URL_CLOUDFORMATION", &cloudformation.url)
        .run()
        .code(7)
        .stdout("")
        .stderr_has("create failed            the role that reads (ReadRole): not authorized")
        .stderr_has(
            "the deployment of discfg-payments failed at the role that reads (ReadRole): \
             not authorized: iam:CreateRole; nothing of it is left",
        )
        .stderr_has("hint: mend the cause and run init again");
    cloudformation.finish();
    place
        .args(["init", "payments", "--yes"])
        .run()
        .code(0)
        .stdout_has("payments: created");
}
