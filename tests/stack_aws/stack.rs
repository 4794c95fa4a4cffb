//! A config's stack from its making to an update, on the emulator: what CloudFormation takes, and what is there then.

use aws_sdk_cloudformation::Client;
use discfg::model::ErrorKind;
use discfg::stack::{self, Action, Deployed, Progress, Proposal, StackPlan, StackSpec, StackState};
use futures::StreamExt as _;
use serde_json::{Value, json};

use support::account::{Account, REGION, xml_text};
use support::emulator::Emulator;

fn spec() -> StackSpec {
    StackSpec::new("payments".parse().expect("a config name"))
}

fn client(account: &Account) -> Client {
    Client::new(&Account::sdk(&account.url(), &account.admin()))
}

async fn ready(cfn: &Client, spec: &StackSpec) -> StackPlan {
    match stack::plan(cfn, spec).await {
        Ok(Proposal::Ready(plan)) => plan,
        other => panic!("no plan: {other:?}"),
    }
}

async fn deploy(cfn: &Client, spec: &StackSpec) -> Deployed {
    let plan = ready(cfn, spec).await;
    let mut stream = stack::deploy(cfn.clone(), plan);
    loop {
        match stream.next().await.expect("an end").expect("it succeeds") {
            Progress::Begun | Progress::Event(_) => {}
            Progress::Done(deployed) => return *deployed,
        }
    }
}

async fn is_unchanged(cfn: &Client, spec: &StackSpec) -> bool {
    matches!(stack::plan(cfn, spec).await, Ok(Proposal::Unchanged(_)))
}

fn trust(account: &Account, access: &str) -> Value {
    let name = format!("discfg-payments-{REGION}-{access}");
    let answer = account.iam("GetRole", &[("RoleName", &name)]);
    let encoded = xml_text(&answer, "AssumeRolePolicyDocument");
    let decoded = percent_decoded(encoded);
    serde_json::from_str(&decoded).unwrap_or_else(|error| panic!("{error} in {decoded}"))
}

fn percent_decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(hex, 16).expect("hexadecimal digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).expect("UTF-8").replace("&quot;", "\"")
}

#[tokio::test]
async fn a_stack_is_made_left_alone_and_changed() {
    let account = Emulator::shared().account();
    let cfn = client(&account);

    let made = deploy(&cfn, &spec()).await;
    assert_eq!(made.state, StackState::CreateComplete);
    let outputs = made.outputs().expect("all outputs");
    assert_eq!(outputs.layout, stack::LAYOUT);
    assert_eq!(outputs.table_name, "discfg-payments");
    assert_eq!(
        outputs.read_role_arn,
        format!(
            "arn:aws:iam::{}:role/discfg/discfg-payments-{REGION}-read",
            account.id()
        )
    );
    assert!(account.items("discfg-payments").is_empty());
    assert!(is_unchanged(&cfn, &spec()).await);

    let wanted = StackSpec {
        history_days: Some("7".parse().expect("days")),
        readers: Some(vec!["arn:aws:iam::*:role/app-*".parse().expect("a pattern")]),
        github: Some(vec!["acme/shop:environment:production".parse().expect("a job")]),
        account_ids: Some(vec!["210987654321".parse().expect("an account")]),
        external_id: Some("between-us".parse().expect("an external id")),
        billing: Some("provisioned:5/5".parse().expect("billing")),
        ..spec()
    };
    let plan = ready(&cfn, &wanted).await;
    assert!(
        plan.changes.iter().all(|change| change.action == Action::Change),
        "{:?}",
        plan.changes
    );
    stack::discard(&cfn, &plan).await.expect("discarded");
    let changed = deploy(&cfn, &wanted).await;
    assert_eq!(changed.history_days().get(), 7);
    assert!(is_unchanged(&cfn, &wanted).await);
    assert!(is_unchanged(&cfn, &spec()).await, "what isn't given stays");

    let statements = trust(&account, "read")["Statement"].clone();
    assert_eq!(
        statements[0]["Condition"],
        json!({"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/app-*"]}})
    );
    assert_eq!(statements[1]["Principal"], json!({"AWS": ["210987654321"]}));
    assert_eq!(
        statements[1]["Condition"]["StringEquals"],
        json!({"sts:ExternalId": "between-us"})
    );
    assert_eq!(
        statements[2]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"],
        json!(["repo:acme/shop:environment:production"])
    );
    assert_eq!(statements.as_array().map(Vec::len), Some(3));
    let write = trust(&account, "write")["Statement"].clone();
    assert_eq!(write.as_array().map(Vec::len), Some(2), "GitHub jobs only read");
}

#[tokio::test]
async fn a_plan_that_is_discarded_leaves_no_stack() {
    let account = Emulator::shared().account();
    let cfn = client(&account);
    let plan = ready(&cfn, &spec()).await;
    let empty = stack::status(&cfn, &spec().config).await.expect("an answer");
    assert_eq!(
        empty.expect("it waits for review").state,
        StackState::ReviewInProgress
    );
    stack::discard(&cfn, &plan).await.expect("discarded");
    assert_eq!(
        stack::status(&cfn, &spec().config).await.expect("an answer"),
        None
    );
}

#[tokio::test]
async fn the_stack_deploys_from_the_template_alone_and_is_then_ours() {
    let account = Emulator::shared().account();
    let cfn = client(&account);
    cfn.create_stack()
        .stack_name("discfg-payments")
        .template_body(stack::TEMPLATE)
        .capabilities(aws_sdk_cloudformation::types::Capability::CapabilityNamedIam)
        .parameters(
            aws_sdk_cloudformation::types::Parameter::builder()
                .parameter_key("Config")
                .parameter_value("payments")
                .build(),
        )
        .send()
        .await
        .expect("the template is whole");
    stack::settled(&cfn, &spec().config.stack_name())
        .await
        .expect("it settles");
    assert!(is_unchanged(&cfn, &spec()).await);
}

#[tokio::test]
async fn who_may_not_deploy_is_told_the_action() {
    let account = Emulator::shared().account();
    let cfn = Client::new(&Account::sdk(&account.url(), &account.developer()));
    let error = stack::plan(&cfn, &spec()).await.expect_err("a developer may not");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(error.to_string(), "access denied: cloudformation:DescribeStacks");
}
