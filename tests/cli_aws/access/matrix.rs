//! Everyone whom a trust names, with every section.

use serde_json::json;

use super::{Asking, GRANT};

#[test]
fn the_matrix_is_of_everyone_whom_a_trust_names() {
    let asking = Asking::of(&[
        "--reader",
        "arn:aws:iam::*:role/ci-*",
        "--github",
        "acme/shop:environment:x",
    ]);
    asking.account.developer();
    asking.roles_are_as_made();
    let developer = asking.arn("user/developer");
    let parameters = [
        ("Config", "payments"),
        ("Grant", "dbs"),
        ("Sections", "/db"),
        ("Principals", developer.as_str()),
    ];
    asking.account.deploy("discfg-payments--dbs", GRANT, &parameters);
    asking
        .place
        .args(["set", "payments", "web/url", "x"])
        .run()
        .code(0);
    let matrix = |more: &[&str]| {
        asking
            .place
            .args(["access", "payments", "--matrix"].iter().chain(more))
            .run()
    };
    matrix(&["-f", "raw"])
        .code(0)
        .stdout(format!(
            "principal,judged by,/db,/web\n\
             {developer},trust and policies,write,write\n\
             arn:*:*:*:*:*,trust,write,write\n\
             arn:aws:iam::*:role/ci-*,trust,write,write\n\
             repo:acme/shop:environment:x,trust and policies,read,read\n"
        ))
        .stderr_has("Principals that are judged only by trust");
    asking
        .place
        .args([
            "init",
            "payments",
            "--yes",
            "-q",
            "--writer",
            "arn:aws:iam::*:role/deploy",
        ])
        .run()
        .code(0);
    matrix(&["-f", "raw"]).code(0).stdout(format!(
        "principal,judged by,/db,/web\n\
         {developer},trust and policies,read,none\n\
         arn:aws:iam::*:role/ci-*,trust,read,read\n\
         arn:aws:iam::*:role/deploy,trust,write,write\n\
         repo:acme/shop:environment:x,trust and policies,read,read\n"
    ));
    let json = matrix(&["-f", "json"]).code(0).json();
    assert_eq!(json["sections"], json!(["/db", "/web"]));
    assert_eq!(json["principals"][0]["principal"], developer);
    assert_eq!(json["principals"][1]["judgedBy"], "trust");
    assert_eq!(
        json["principals"][0]["sections"][0],
        json!({"section": "/db", "access": "read", "read": "yes", "write": "no"})
    );
    matrix(&["--principal", &asking.arn("user/admin")])
        .code(0)
        .stdout_has("principal  ")
        .stdout_has("user/admin  trust and policies  write  write\n");
}
