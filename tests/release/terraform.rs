//! The module of Terraform: it deploys the templates with all that they can be given, and nothing that they can't.

mod module;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use discfg::model::TrustedSubject;
use discfg::stack::{GRANT_TEMPLATE, TEMPLATE};
use regex_lite::Regex;
use serde_json::{Map, Value, json};
use support::account::REGION;
use support::cli::Place;
use support::emulator::{Emulator, venv};
use support::markdown::{all_blocks, blocks};
use support::yaml::parsed;

use self::module::{Module, Variable, label, parse, source};

const PAGE: &str = include_str!("../../docs/infrastructure-as-code.md");
const README: &str = include_str!("../../infra/terraform/README.md");
const EXAMPLE: &str = include_str!("../../examples/cdk/app.ts");
/// What `CreateStack` takes in a request, in bytes.
const MAX_TEMPLATE_BODY: usize = 51_200;
/// What the modules have beside the templates' parameters.
const MORE: [&str; 2] = ["cfn_role_arn", "tags"];

fn modules() -> [(Module, &'static str); 2] {
    [
        (Module::read("infra/terraform"), TEMPLATE),
        (Module::read("infra/terraform/grant"), GRANT_TEMPLATE),
    ]
}

fn section(template: &str, name: &str) -> Map<String, Value> {
    let section = parsed(template)[name].take();
    section.as_object().unwrap_or_else(|| panic!("no {name}")).clone()
}

/// `ReadRoleArn` as Terraform writes names.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (position, letter) in name.replace("GitHub", "Github").char_indices() {
        if letter.is_ascii_uppercase() && position > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// A text as HCL quotes it.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace("${", "$${")
        .replace("%{", "%%{");
    format!("\"{escaped}\"")
}

/// A variable's value as the stack's parameter.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// How a variable's value becomes a parameter.
fn expression(name: &str, variable: &Variable) -> String {
    match variable.kind.as_str() {
        "string" => format!("var.{name}"),
        "list(string)" => format!("join(\",\", var.{name})"),
        "bool" | "number" => format!("tostring(var.{name})"),
        other => panic!("{name} is {other}"),
    }
}

#[test]
fn a_stack_is_named_as_discfg_finds_it_and_has_the_template() {
    for ((module, template), name) in modules()
        .into_iter()
        .zip(["discfg-${var.config}", "discfg-${var.config}--${var.grant}"])
    {
        let resource = module.resource();
        assert_eq!(source(resource, "name"), format!("\"{name}\""));
        assert_eq!(source(resource, "capabilities"), "[\"CAPABILITY_NAMED_IAM\"]");
        assert_eq!(source(resource, "iam_role_arn"), "var.cfn_role_arn");
        assert_eq!(source(resource, "tags"), "var.tags");
        let deployed = fs::read_to_string(module.template()).expect("the template");
        assert!(deployed == template, "{name} has another template");
        assert!(
            deployed.len() <= MAX_TEMPLATE_BODY,
            "{name}: {} bytes",
            deployed.len()
        );
    }
}

#[test]
fn each_parameter_has_a_variable_of_its_default() {
    for (module, template) in modules() {
        let (variables, written) = (module.variables(), module.parameters());
        let parameters = section(template, "Parameters");
        let mut names: BTreeSet<String> = MORE.map(String::from).into();
        for (parameter, of) in &parameters {
            let name = snake_case(parameter);
            let variable = variables
                .get(&name)
                .unwrap_or_else(|| panic!("no variable {name}"));
            assert_eq!(written[parameter], expression(&name, variable), "{parameter}");
            let default = variable.default.as_ref().map(text_of);
            assert_eq!(default, of.get("Default").map(text_of), "{name}");
            let is_flag = of["AllowedValues"].to_string().contains("\"true\"");
            assert_eq!(variable.kind == "bool", is_flag, "{name}");
            assert_eq!(variable.kind == "number", of["Type"] == "Number", "{name}");
            if of["Type"] == "CommaDelimitedList" {
                assert_eq!(variable.kind, "list(string)", "{name}");
            }
            names.insert(name);
        }
        assert_eq!(written.len(), parameters.len());
        assert_eq!(variables.into_keys().collect::<BTreeSet<_>>(), names);
    }
}

/// Patterns that Terraform's regular expressions can't be given as they are: with what the conditions say in their place.
fn in_other_words(parameter: &str) -> Option<&'static [&'static str]> {
    match parameter {
        // No look-ahead.
        "Grant" => Some(&[
            "regex(\"^[a-z][a-z0-9]*(-[a-z0-9]+)*$\", var.grant)",
            "!contains([\"read\", \"write\", \"self\"], var.grant)",
        ]),
        // No more than 1,000 repetitions.
        "ExternalId" => Some(&[
            "regex(\"^([A-Za-z0-9+=,.@:/_-]{2,})?$\", var.external_id)",
            "length(var.external_id) <= 1224",
        ]),
        _ => None,
    }
}

#[test]
fn each_constraint_of_a_parameter_is_a_condition_of_its_variable() {
    for (module, template) in modules() {
        let variables = module.variables();
        for (parameter, of) in section(template, "Parameters") {
            let name = snake_case(&parameter);
            let variable = &variables[&name];
            let mut wanted = Vec::new();
            let value = match variable.kind.as_str() {
                "list(string)" => expression(&name, variable),
                _ => format!("var.{name}"),
            };
            match (in_other_words(&parameter), of["AllowedPattern"].as_str()) {
                (Some(words), Some(_)) => wanted.extend(words.iter().map(ToString::to_string)),
                (None, Some(pattern)) => wanted.push(format!("can(regex({}, {value}))", quoted(pattern))),
                (_, None) => {}
            }
            if let (Some(allowed), true) = (of["AllowedValues"].as_array(), variable.kind == "string") {
                let allowed: Vec<String> = allowed.iter().map(|value| quoted(&text_of(value))).collect();
                wanted.push(format!("contains([{}], {value})", allowed.join(", ")));
            }
            for (bound, comparison) in [("MinValue", ">="), ("MaxValue", "<=")] {
                wanted.extend(of.get(bound).map(|bound| format!("{value} {comparison} {bound}")));
            }
            for (bound, comparison) in [("MinLength", ">="), ("MaxLength", "<=")] {
                wanted.extend(
                    of.get(bound)
                        .map(|bound| format!("length({value}) {comparison} {bound}")),
                );
            }
            // What discfg refuses as well, and CloudFormation doesn't.
            if variable.kind == "number" {
                wanted.push(format!("floor({value}) == {value}"));
            }
            if matches!(name.as_str(), "readers" | "writers") {
                wanted.push(format!(
                    "length(var.{name}) > 0 && alltrue([for arn in var.{name} : can(regex(\"^arn:[^,]+$\", arn))])"
                ));
            }
            let conditions = variable.conditions.join("\n");
            for wanted in &wanted {
                assert!(
                    conditions.contains(wanted.as_str()),
                    "{name}: no {wanted} in {conditions}"
                );
            }
            assert_eq!(wanted.is_empty(), conditions.is_empty(), "{name}: {conditions}");
        }
    }
}

/// A subject, as the local values of the modules judge it.
fn is_taken_by_the_module(patterns: &BTreeMap<String, String>, issuer: &str, subject: &str) -> bool {
    let fits = |name: &str, text: &str| {
        let pattern = Regex::new(&patterns[name]).unwrap_or_else(|error| panic!("{name}: {error}"));
        pattern.is_match(text)
    };
    if fits("github_provider", issuer) || subject.starts_with("repo:") {
        fits("github_subject", subject)
    } else if fits("gitlab_provider", issuer) || subject.starts_with("project_path:") {
        fits("gitlab_environment", subject)
            || (fits("gitlab_ref", subject) && fits("gitlab_ref_type", subject))
    } else if fits("kubernetes_provider", issuer) || subject.starts_with("system:") {
        fits("kubernetes_subject", subject)
    } else {
        true
    }
}

#[test]
fn the_modules_refuse_the_subjects_that_the_command_line_refuses() {
    let [(config, _), (grant, _)] = modules();
    let patterns = config.patterns();
    assert_eq!(grant.patterns(), patterns);
    let [one, other] = ["infra/terraform", "infra/terraform/grant"].map(|folder| {
        fs::read_to_string(format!("{}/{folder}/subjects.tf", env!("CARGO_MANIFEST_DIR")))
            .expect("subjects.tf")
    });
    assert_eq!(one, other);
    for module in [config, grant] {
        assert_eq!(
            module.preconditions(),
            [
                "length(local.refused_github_subjects) == 0",
                "length(local.refused_oidc_subjects) == 0"
            ]
        );
    }
    let (github, gitlab) = ("token.actions.githubusercontent.com", "gitlab.com");
    let (eks, other) = ("oidc.eks.eu-central-1.amazonaws.com/id/0A", "ci.example.com");
    let mut taken = 0;
    let subjects = [
        (github, "repo:acme/shop:environment:production"),
        (github, "repo:acme@12/shop@34:ref:refs/heads/main"),
        (github, "repo:acme/shop:environment:eu%3Alive"),
        (other, "repo:acme/shop:ref:refs/tags/v1"),
        (gitlab, "project_path:acme/shop:ref_type:branch:ref:main"),
        (gitlab, "project_path:a/b/c:ref:v1:ref_type:tag"),
        (
            gitlab,
            "project_path:acme/shop:environment:live:environment_protected:true",
        ),
        (gitlab, "project_path:acme/shop:ref_path:refs/heads/main"),
        (eks, "system:serviceaccount:web:shop.v1"),
        (other, "deploy"),
        (github, "repo:acme/shop"),
        (github, "repo:acme/shop:pull_request"),
        (github, "repo:acme@12/shop:environment:x"),
        (github, "repo:acme/shop:ref:main"),
        (github, "repo:acme/shop:environment:"),
        (github, "repo:acme/shop:environment:a:b"),
        (github, "acme/shop:environment:x"),
        (other, "repo:acme/shop:pull_request"),
        ("token.actions.githubusercontent.com/acme", "deploy"),
        (gitlab, "project_path:acme/shop"),
        (gitlab, "project_path:acme/shop:ref_type:branch"),
        (gitlab, "project_path:acme/shop:ref:main"),
        (gitlab, "project_path:acme/shop:ref:environment:x:y"),
        (gitlab, "project_path:acme:ref_type:branch:ref:main"),
        (gitlab, "deploy"),
        (eks, "system:serviceaccount:web"),
        (eks, "system:serviceaccount:web:Shop"),
        (other, "system:node:web"),
    ];
    for (issuer, subject) in subjects {
        let accepted = TrustedSubject::new(issuer, subject, "sts.amazonaws.com").accepted();
        assert_eq!(
            is_taken_by_the_module(&patterns, issuer, subject),
            accepted.is_ok(),
            "{issuer} {subject}: {accepted:?}"
        );
        taken += usize::from(accepted.is_ok());
    }
    assert_eq!(taken, 10);
}

#[test]
fn each_output_of_the_template_is_an_output() {
    for ((module, template), more) in modules().into_iter().zip([&["config"][..], &[]]) {
        let outputs = module.outputs();
        let mut names: BTreeSet<String> = more.iter().map(ToString::to_string).collect();
        for (output, of) in section(template, "Outputs") {
            let name = snake_case(&output);
            let all = format!("aws_cloudformation_stack.{}.outputs", label(module.resource(), 1));
            // One that depends on a condition may be missing.
            let value = match of.get("Condition") {
                Some(_) => format!("lookup({all}, \"{output}\", null)"),
                None => format!("{all}[\"{output}\"]"),
            };
            assert_eq!(outputs[&name], value);
            names.insert(name);
        }
        assert_eq!(outputs.into_keys().collect::<BTreeSet<_>>(), names);
    }
}

#[test]
fn the_pages_use_the_modules_as_they_are() {
    let [(config, _), (grant, _)] = modules();
    let shown = [PAGE, README].map(|page| all_blocks(page, "hcl").join("\n"));
    let mut used = 0;
    for block in shown
        .iter()
        .flat_map(|text| parse(text).into_blocks().collect::<Vec<_>>())
    {
        let url = source(&block, "source");
        let version = concat!("?ref=v", env!("CARGO_PKG_VERSION"), "\"");
        let folder = url.strip_prefix("\"git::https://github.com/discfg/discfg.git//");
        let folder = folder
            .and_then(|folder| folder.strip_suffix(version))
            .unwrap_or_else(|| panic!("{url}"));
        let module = match folder {
            "infra/terraform" => &config,
            "infra/terraform/grant" => &grant,
            other => panic!("unknown module {other}"),
        };
        let variables = module.variables();
        let given: Vec<&str> = block
            .body
            .attributes()
            .map(|attribute| attribute.key.as_str())
            .collect();
        for name in given.iter().filter(|name| **name != "source") {
            assert!(variables.contains_key(*name), "{folder} has no variable {name}");
        }
        for (name, variable) in variables
            .iter()
            .filter(|(name, _)| !MORE.contains(&name.as_str()))
        {
            assert!(
                variable.default.is_some() || given.contains(&name.as_str()),
                "{folder} needs {name}"
            );
        }
        used += 1;
    }
    assert_eq!(used, 3);
    assert_eq!(blocks(PAGE, "AWS CDK", "ts"), [EXAMPLE.trim_end()]);
}

/// Creates a stack as Terraform's provider does: with every parameter, and without a change set.
fn create(place: &Place, stack: &str, module: &Module, given: &[(&str, Value)]) {
    let variables = module.variables();
    let given: BTreeMap<&str, &Value> = given.iter().map(|(name, value)| (*name, value)).collect();
    let parameters = module.parameters().into_keys().map(|parameter| {
        let name = snake_case(&parameter);
        let default = variables[&name].default.as_ref();
        let value = given.get(name.as_str()).copied().or(default);
        let value = value.unwrap_or_else(|| panic!("{name} is required"));
        json!({"ParameterKey": parameter, "ParameterValue": text_of(value)})
    });
    place.write("parameters.json", parameters.collect::<Value>().to_string());
    let tools = venv().expect("the AWS CLI is in it").join("bin");
    let command = format!(
        "{}/aws cloudformation create-stack --stack-name {stack} --capabilities CAPABILITY_NAMED_IAM \
         --template-body file://{} --parameters file://parameters.json",
        tools.display(),
        module.template().display()
    );
    // Version 1 knows no AWS_REGION.
    place
        .shell(&command)
        .env("AWS_DEFAULT_REGION", REGION)
        .run()
        .code(0);
}

#[test]
fn discfg_works_with_the_stacks_of_the_modules() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let [(config, _), (grant, _)] = modules();
    create(
        &place,
        "discfg-payments",
        &config,
        &[("config", json!("payments")), ("history_days", json!(90))],
    );
    let init = |more: &[&str]| place.args(["init", "payments"].iter().chain(more)).run();
    init(&["--dry-run"])
        .code(0)
        .stdout_has("payments: unchanged\n")
        .stderr_has("would set the table to 90 days of history");
    init(&[])
        .code(0)
        .stdout_has("unchanged")
        .stderr_has("Set the table to 90 days of history.");
    place.args(["set", "payments", "db/url", "one"]).run().code(0);
    place
        .args(["get", "payments", "db/url"])
        .run()
        .code(0)
        .stdout("one\n");
    let principal = format!("arn:aws:iam::{}:role/web", account.id());
    create(
        &place,
        "discfg-payments--web",
        &grant,
        &[
            ("config", json!("payments")),
            ("grant", json!("web")),
            ("sections", json!(["/db", "/app"])),
            ("principals", json!([principal])),
        ],
    );
    place
        .args(["grant", "payments", "web"])
        .run()
        .code(0)
        .stdout_has("web of payments: unchanged");
    place
        .args(["grants", "payments"])
        .run()
        .code(0)
        .stdout_has("read       /app, /db")
        .stdout_has(&principal);
    let items = account.items("discfg-payments");
    assert!(
        items.iter().any(|item| item["sk"]["S"] == "/app"),
        "the section is registered: {items:?}"
    );
    place
        .args(["doctor", "payments"])
        .run()
        .stdout_has("layout 1, 90 days of history");
    // With flags discfg changes the stack, which the page warns of.
    init(&["--history-days", "7", "--dry-run"])
        .code(0)
        .stderr_has("Updating the stack discfg-payments");
    place.args(["destroy", "payments", "--yes"]).run().code(0);
}
