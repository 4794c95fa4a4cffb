//! The policies of the stacks, as they are deployed, put to a simulator that knows IAM over the tables of
//! `tests/policies`. The emulator enforces IAM by action and table alone, so it can't be the judge here.

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use aws_sdk_iam::Client;
use serde_json::{Value, json};

use support::account::{Account, REGION};
use support::cli::Place;
use support::emulator::Emulator;
use support::front::{stub, zip};
use support::node;

/// What is done to the deployed policies.
type Change = fn(&mut Value);

const GRANT: &str = include_str!("../../infra/grant.yaml");
const OTHER: &str = "210987654321";
const ORG: &str = "o-a1b2c3d4e5";
const EXTERNAL_ID: &str = "acme-7";
const EKS: &str = "https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C";

/// What the tables speak of, as the emulator has it. It is deployed by whoever asks first.
fn deployed() -> Value {
    static DEPLOYED: OnceLock<Value> = OnceLock::new();
    DEPLOYED.get_or_init(deploy).clone()
}

fn deploy() -> Value {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let arn = |principal: &str| format!("arn:aws:iam::{}:{principal}", account.id());
    let init = |config: &str, more: &[&str]| {
        place
            .args(["init", config, "--yes", "-q"].iter().chain(more))
            .run()
            .code(0);
    };
    let sso = "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Dev_*";
    let both = [
        &format!("--reader={}", arn("user/developer")),
        &format!("--reader={sso}"),
        &format!("--writer={}", arn("role/deploy/*")),
        "--github=acme/shop:environment:production",
        "--github=acme/shop:ref:refs/heads/main",
        "--github=acme@12/web@34:ref:refs/heads/main",
    ];
    account.oidc_provider("https://token.actions.githubusercontent.com");
    for issuer in ["https://gitlab.com", EKS] {
        account.oidc_provider(issuer);
    }
    let other = format!("--account-id={OTHER}");
    let org = format!("--org-id={ORG}");
    let external = format!("--external-id={EXTERNAL_ID}");
    init("payments", &[&both[..], &[&other, &org, &external]].concat());
    let pod = format!("--oidc={EKS},system:serviceaccount:web:shop");
    let tokens = [
        "--oidc=gitlab,project_path:acme/shop:ref_type:branch:ref:main",
        "--oidc=gitlab,project_path:acme/shop:ref_type:tag:ref:v1",
        &pod,
    ];
    init(
        "tokens",
        &[&both[..], &[&other, &org, &external], &tokens].concat(),
    );
    init("orgonly", &[&other, &org]);
    init("external", &[&other, &external]);
    init("plain", &[]);
    init("vault", &["--kms"]);
    // Nobody calls it, so that it is enough of a function to be deployed.
    let code = zip(&place, "front.zip", stub(), "");
    let code = format!("--code={}", code.display());
    init("fronted", &["--api", &code]);
    let status = place
        .args(["status", "fronted", "-f", "json"])
        .run()
        .code(0)
        .json();
    let api = status["outputs"]["ApiId"]
        .as_str()
        .expect("the API has an id")
        .to_owned();
    let reads = ["db", "@root"].map(|section| {
        let stage = format!("arn:aws:execute-api:{REGION}:{}:{api}/$default", account.id());
        format!("{stage}/GET/v1/fronted/{section}/*")
    });
    let reads = reads.join(",");
    let given = account.create_key("alias/ours");
    init("given", &[&format!("--kms-key={given}")]);
    for (name, access) in [("auditor", "read"), ("release", "write")] {
        let principal = arn("user/auditor");
        let more = [
            ("Principals", principal.as_str()),
            ("ApiReads", &reads),
            ("Sections", "/db,@root"),
        ];
        grant(&account, ["fronted", name, access], &more);
    }
    grant(
        &account,
        ["payments", "auditor", "read"],
        &[(
            "Principals",
            &format!(
                "{},{}",
                arn("user/auditor"),
                arn("role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Audit_*")
            ),
        )],
    );
    grant(
        &account,
        ["payments", "release", "write"],
        &[("GitHubSubjects", "repo:acme/app:environment:production")],
    );
    let app = format!(
        "{}|sts.amazonaws.com|system:serviceaccount:web:app",
        EKS.replace("https://", "")
    );
    let web = "gitlab.example.com|https://gitlab.example.com|project_path:acme/web:ref_type:branch:ref:main";
    let more = [("FirstOidc", app.as_str()), ("SecondOidc", web)];
    grant(&account, ["payments", "pods", "read"], &more);
    for config in ["vault", "given"] {
        let principal = arn("user/auditor");
        let key = key(&account, config);
        let key = key["arn"].as_str().expect("an ARN");
        for (name, access) in [("auditor", "read"), ("release", "write")] {
            let more = [("Principals", principal.as_str()), ("KmsKeyArn", key)];
            grant(&account, [config, name, access], &more);
        }
    }

    let iam = Client::new(&Account::sdk(&account.url(), &account.root()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut configs: BTreeMap<&str, Value> = BTreeMap::new();
    for config in [
        "payments", "tokens", "orgonly", "external", "plain", "vault", "given", "fronted",
    ] {
        let mut roles = json!({});
        for access in ["read", "write"] {
            let name = format!("discfg-{config}-{REGION}-{access}");
            roles[access] = runtime.block_on(role(&iam, &name));
        }
        configs.insert(config, roles);
    }
    let function = runtime.block_on(role(&iam, &format!("discfg-fronted-{REGION}-api")));
    configs.get_mut("fronted").expect("it is there")["api"] = function;
    for config in ["payments", "vault", "given", "fronted"] {
        for (key, grant) in [("grant-reader", "auditor"), ("grant-writer", "release")] {
            let name = format!("discfg-{config}--{grant}-{REGION}");
            configs.get_mut(config).expect("it is there")[key] = runtime.block_on(role(&iam, &name));
        }
    }
    let pods = runtime.block_on(role(&iam, &format!("discfg-payments--pods-{REGION}")));
    configs.get_mut("payments").expect("it is there")["grant-pods"] = pods;
    for config in ["vault", "given"] {
        configs.get_mut(config).expect("it is there")["key"] = key(&account, config);
    }
    json!({
        "account": account.id(), "other": OTHER, "third": "333333333333", "region": REGION,
        "org": ORG, "externalId": EXTERNAL_ID, "api": api, "configs": configs,
    })
}

/// Deploys the template of a grant on /db and /app as it is, as any CloudFormation client would.
fn grant(account: &Account, [config, name, access]: [&str; 3], more: &[(&str, &str)]) {
    let of = [
        ("Config", config),
        ("Grant", name),
        ("Sections", "/db,/app"),
        ("Access", access),
    ];
    let of = of
        .iter()
        .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    let parameters: Vec<_> = of.chain(more).copied().collect();
    account.deploy(&format!("discfg-{config}--{name}"), GRANT, &parameters);
}

/// The KMS key of a config, with its own policy.
fn key(account: &Account, config: &str) -> Value {
    let alias = json!({"KeyId": format!("alias/discfg-{config}")});
    let arn = &account.kms("DescribeKey", &alias)["KeyMetadata"]["Arn"];
    let policy = account.kms("GetKeyPolicy", &json!({"KeyId": arn, "PolicyName": "default"}));
    let policy = policy["Policy"].as_str().expect("a document");
    let policy: Value = serde_json::from_str(policy).expect(policy);
    json!({"arn": arn, "policy": policy})
}

/// A role as IAM has it: its trust, and every policy that it has.
async fn role(iam: &Client, name: &str) -> Value {
    let role = iam.get_role().role_name(name).send().await.expect(name);
    let role = role.role().expect("a role");
    let attached = iam
        .list_attached_role_policies()
        .role_name(name)
        .send()
        .await
        .expect(name);
    let inline = iam.list_role_policies().role_name(name).send().await.expect(name);
    // Only the function's, which is given to nobody else.
    assert_eq!(
        !inline.policy_names().is_empty(),
        name.ends_with("-api"),
        "{name}"
    );
    let mut policies = Vec::new();
    for policy in inline.policy_names() {
        let found = iam.get_role_policy().role_name(name).policy_name(policy);
        let found = found.send().await.expect(policy);
        policies.push(document(found.policy_document()));
    }
    for policy in attached.attached_policies() {
        let arn = policy.policy_arn().expect("an ARN");
        let found = iam.get_policy().policy_arn(arn).send().await.expect(arn);
        let version = found.policy().and_then(|policy| policy.default_version_id());
        let version = iam
            .get_policy_version()
            .policy_arn(arn)
            .version_id(version.expect("a version"))
            .send()
            .await
            .expect(arn);
        let version = version.policy_version().expect("a version");
        policies.push(document(version.document().expect("a document")));
    }
    json!({
        "arn": role.arn(),
        "trust": document(role.assume_role_policy_document().expect("a trust policy")),
        "policies": policies,
    })
}

/// A document as IAM gives it: JSON, percent-encoded (IAM API reference, `Role`).
fn document(encoded: &str) -> Value {
    let mut bytes = Vec::new();
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (hex, after) = rest.split_at(2);
            let hex = std::str::from_utf8(hex).expect("two digits");
            bytes.push(u8::from_str_radix(hex, 16).expect("two digits"));
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {encoded}"))
}

/// The proof's exit code, and what it says.
fn prove(deployed: &Value) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("deployed.json");
    fs::write(&file, deployed.to_string()).expect("a file");
    let ran = node::run("prove.mjs", &file);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
}

#[test]
fn each_role_may_do_what_the_tables_say_and_nothing_else() {
    let (code, stdout, stderr) = prove(&deployed());
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let asked: usize = stdout
        .split_once(' ')
        .and_then(|(number, _)| number.parse().ok())
        .unwrap_or_default();
    assert!(asked >= 2500, "only {stdout}");
}

#[test]
fn a_policy_that_lets_more_through_is_caught() {
    let changes: [(&str, Change); 9] = [
        ("grant-reader GetItem nokey: allowed", |it| {
            let statement = &mut it["payments"]["grant-reader"]["policies"][0]["Statement"][0];
            let condition = statement["Condition"].as_object_mut().expect("conditions");
            condition.remove("Null").expect("it is there");
        }),
        ("grant-writer PutItem both: allowed", |it| {
            let statement = &mut it["payments"]["grant-writer"]["policies"][0]["Statement"][2];
            let condition = statement["Condition"].as_object_mut().expect("conditions");
            let keys = condition
                .remove("ForAllValues:StringEquals")
                .expect("it is there");
            condition.insert("ForAnyValue:StringEquals".into(), keys);
        }),
        ("write Scan nokey: allowed", |it| {
            it["payments"]["write"]["policies"][0]["Statement"][1]["Action"] = json!("dynamodb:*");
        }),
        ("read GetItem longer: allowed", |it| {
            let resource = &mut it["payments"]["read"]["policies"][0]["Statement"][0]["Resource"];
            *resource = json!(format!("{}*", resource.as_str().expect("an ARN")));
        }),
        (
            "repo:acme/shop:environment:production otheraud -: allowed",
            |it| {
                let statement = &mut it["payments"]["read"]["trust"]["Statement"][2];
                let equals = statement["Condition"]["StringEquals"].as_object_mut();
                equals
                    .expect("conditions")
                    .remove("token.actions.githubusercontent.com:aud")
                    .expect("it is there");
            },
        ),
        (
            "tokens read eks system:serviceaccount:web:default aud -: allowed",
            |it| {
                let statements = it["tokens"]["read"]["trust"]["Statement"].as_array_mut();
                let of = statements.expect("statements").iter_mut();
                for statement in
                    of.filter(|one| one["Principal"]["Federated"].to_string().contains("oidc.eks"))
                {
                    let equals = statement["Condition"]["StringEquals"]
                        .as_object_mut()
                        .expect("conditions");
                    equals.retain(|key, _| key.ends_with(":aud"));
                }
            },
        ),
        ("external read OTHER user/anyone ok -: allowed", |it| {
            let statement = &mut it["external"]["read"]["trust"]["Statement"][1];
            let condition = statement["Condition"].as_object_mut().expect("conditions");
            condition.remove("StringEquals").expect("it is there");
        }),
        ("payments read ACCOUNT user/admin wide -: allowed", |it| {
            let statement = &mut it["payments"]["read"]["trust"]["Statement"][0];
            let statement = statement.as_object_mut().expect("a statement");
            statement.remove("Condition").expect("it is there");
        }),
        ("write PutItem own: denied", |it| {
            let statements = it["payments"]["write"]["policies"][0]["Statement"].as_array_mut();
            statements.expect("statements").truncate(1);
        }),
    ];
    all_caught(&changes);
}

#[test]
fn a_policy_that_lets_more_calls_through_is_caught() {
    let changes: [(&str, Change); 6] = [
        ("read PUT:/v1/fronted/db/keys/url: allowed", |it| {
            let invoke = statement(it, "fronted", "read", "Invoke");
            let of_reads = invoke["Resource"].as_str().expect("an ARN").to_owned();
            invoke["Resource"] = json!(of_reads.replace("/GET/", "/*/"));
        }),
        ("write GET:/v1/frontedx/db/keys/url: allowed", |it| {
            let invoke = statement(it, "fronted", "write", "Invoke");
            for arn in invoke["Resource"].as_array_mut().expect("ARNs") {
                *arn = json!(arn.as_str().expect("an ARN").replace("/fronted/*", "/fronted*"));
            }
        }),
        ("read GET:/v1/fronted/@config/info otherstage: allowed", |it| {
            let invoke = statement(it, "fronted", "read", "Invoke");
            let of_one = invoke["Resource"].as_str().expect("an ARN").to_owned();
            invoke["Resource"] = json!(of_one.replace("/$default/", "/*/"));
        }),
        ("grant-reader GET:/v1/fronted/dbx/list: allowed", |it| {
            for arn in paths(it, "grant-reader", 1) {
                *arn = json!(arn.as_str().expect("an ARN").replace("/db/*", "/db*"));
            }
        }),
        (
            "grant-writer PUT:/v1/fronted/app/keys/v1/fronted/db/keys/url: allowed",
            |it| {
                for arn in paths(it, "grant-writer", 2) {
                    *arn = json!(arn.as_str().expect("an ARN").replace("/PUT/", "/*/"));
                }
            },
        ),
        ("grant-writer DELETE:/v1/fronted/@root/keys/mode: denied", |it| {
            paths(it, "grant-writer", 2).retain(|arn| !arn.to_string().contains("/DELETE/v1/fronted/@root/"));
        }),
    ];
    all_caught(&changes);
}

/// What a grant may call by the policy of that number.
fn paths<'d>(configs: &'d mut Value, role: &str, policy: usize) -> &'d mut Vec<Value> {
    let resources = &mut configs["fronted"][role]["policies"][policy]["Statement"][0]["Resource"];
    resources.as_array_mut().expect("ARNs")
}

#[test]
fn a_policy_that_opens_a_key_further_is_caught() {
    let changes: [(&str, Change); 8] = [
        ("given read Decrypt restdirect: allowed", |it| {
            without(statement(it, "given", "read", "TableAtRest"), "kms:ViaService");
        }),
        ("vault grant-reader Decrypt resttheirs: allowed", |it| {
            let at_rest = statement(it, "vault", "grant-reader", "TableAtRest");
            without(at_rest, "kms:EncryptionContext:aws:dynamodb:tableName");
        }),
        ("given grant-writer GenerateDataKey theirs: allowed", |it| {
            let secrets = statement(it, "given", "grant-writer", "Secrets");
            without(secrets, "kms:EncryptionContext:discfg:config");
        }),
        ("given write Decrypt longer: allowed", |it| {
            let condition = &mut statement(it, "given", "write", "Secrets")["Condition"];
            *condition = json!({"StringLike": {"kms:EncryptionContext:discfg:config": "given*"}});
        }),
        ("vault grant-reader GenerateDataKey secret: allowed", |it| {
            statement(it, "vault", "grant-reader", "Secrets")["Action"] =
                json!(["kms:Decrypt", "kms:GenerateDataKey"]);
        }),
        ("vault read Decrypt secretkey: allowed", |it| {
            statement(it, "vault", "read", "Secrets")["Resource"] = json!("*");
        }),
        ("vault administrator Decrypt theirs: allowed", |it| {
            let secrets = sid(&mut it["vault"]["key"]["policy"], "Secrets");
            without(secrets, "kms:EncryptionContext:discfg:config");
        }),
        ("given read Decrypt secret: denied", |it| {
            statement(it, "given", "read", "Secrets")["Effect"] = json!("Deny");
        }),
    ];
    all_caught(&changes);
}

/// The statement of that name in the one policy of a role.
fn statement<'d>(configs: &'d mut Value, config: &str, role: &str, name: &str) -> &'d mut Value {
    sid(&mut configs[config][role]["policies"][0], name)
}

fn sid<'d>(document: &'d mut Value, name: &str) -> &'d mut Value {
    let statements = document["Statement"].as_array_mut().expect("statements");
    let named = statements.iter_mut().find(|statement| statement["Sid"] == name);
    named.unwrap_or_else(|| panic!("no {name}"))
}

/// Takes a condition off a statement that has it.
fn without(statement: &mut Value, key: &str) {
    let equals = statement["Condition"]["StringEquals"].as_object_mut();
    equals.expect("conditions").remove(key).expect(key);
}

/// Makes each change to the policies as they are, and asks that the proof says what it let through.
fn all_caught(changes: &[(&str, Change)]) {
    let good = deployed();
    for (wanted, change) in changes {
        let mut worse = good.clone();
        change(&mut worse["configs"]);
        let (code, stdout, stderr) = prove(&worse);
        assert_eq!(code, Some(1), "{wanted}: {stdout}{stderr}");
        assert!(stderr.contains(wanted), "{wanted} is not in:\n{stderr}");
    }
}

#[test]
fn a_request_that_is_not_judged_whole_proves_nothing() {
    let stand_ins = [
        ("accounts.google.com:aud", "accounts.google.com stands for GitHub"),
        (
            "aws:PrincipalTag/discfg:config",
            "aws:PrincipalTag/ stands for kms:EncryptionContext:",
        ),
    ];
    for (key, wanted) in stand_ins {
        let mut other = deployed();
        let trust = &mut other["configs"]["payments"]["read"]["trust"]["Statement"][0];
        trust["Condition"]["StringEquals"] = json!({ key: "x" });
        let (code, stdout, stderr) = prove(&other);
        assert_eq!(code, Some(2), "{stdout}{stderr}");
        assert!(stderr.contains(wanted), "{stderr}");
    }
}

#[test]
fn a_trust_that_iam_would_not_take_is_refused_before_anything_is_deployed() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let mut args: Vec<String> = ["init", "payments", "--yes"].map(String::from).to_vec();
    for index in 0..20 {
        let role = format!(
            "role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Team{index:02}_0123456789"
        );
        args.push(format!("--reader=arn:aws:iam::{}:{role}", account.id()));
    }
    place
        .args(&args)
        .run()
        .code(8)
        .stdout("")
        .stderr_has("the trust policy of resource ReadRole is too long: 2")
        .stderr_has("characters; the limit is 2048")
        .stderr_has("hint: name fewer principals, match several with one * pattern")
        .stderr_has("up to 4096");
    let stacks = account.query(&account.root(), "cloudformation", "2010-05-15", "ListStacks", &[]);
    let stacks = stacks.expect("root may list stacks");
    assert!(!stacks.contains("discfg-payments"), "{stacks}");
}
