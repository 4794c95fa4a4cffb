//! Accounts of the emulator, their users, and requests to them that owe nothing to the code under test.

use std::io::BufReader;
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_types::region::Region;
use serde_json::{Value, json};

use super::emulator::Emulator;
use super::http1::Message;

/// The region that every test is in, unless it is about regions.
pub const REGION: &str = "eu-central-1";
/// The issuer of GitHub's tokens.
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";

const PATIENCE: Duration = Duration::from_mins(1);

/// An account of its own in the emulator.
pub struct Account {
    emulator: &'static Emulator,
    id: String,
}

/// An answer other than 200.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON or XML.
    pub body: String,
}

impl Account {
    pub(crate) fn new(emulator: &'static Emulator, number: u64) -> Self {
        Self {
            emulator,
            id: format!("{number:012}"),
        }
    }

    /// The twelve digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The endpoint without any proxy.
    pub fn url(&self) -> String {
        self.emulator.url()
    }

    /// The root user. It may do everything but assume a role.
    pub fn root(&self) -> Credentials {
        keys(&self.id, "root")
    }

    /// A new IAM user with an access key, who may do `actions` on everything.
    pub fn user(&self, name: &str, actions: &[&str]) -> Credentials {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        });
        self.user_with(name, &policy)
    }

    /// A new IAM user with an access key and exactly this policy.
    pub fn user_with(&self, name: &str, policy: &Value) -> Credentials {
        self.iam("CreateUser", &[("UserName", name)]);
        let policy = policy.to_string();
        let inline = [
            ("UserName", name),
            ("PolicyName", "inline"),
            ("PolicyDocument", policy.as_str()),
        ];
        self.iam("PutUserPolicy", &inline);
        let key = self.iam("CreateAccessKey", &[("UserName", name)]);
        keys(xml_text(&key, "AccessKeyId"), xml_text(&key, "SecretAccessKey"))
    }

    /// A user who may do everything: deploy, and assume what trusts this account.
    pub fn admin(&self) -> Credentials {
        self.user("admin", &["*"])
    }

    /// A user who may assume roles and nothing else, as a developer should be set up.
    pub fn developer(&self) -> Credentials {
        self.user("developer", &["sts:AssumeRole", "sts:TagSession"])
    }

    /// Creates the OIDC provider of an issuer, as [`GITHUB`] is one, for the audience that AWS's own actions ask for.
    pub fn oidc_provider(&self, url: &str) {
        let provider = [("Url", url), ("ClientIDList.member.1", "sts.amazonaws.com")];
        self.iam("CreateOpenIDConnectProvider", &provider);
    }

    /// Does an IAM action as root and gives back the XML.
    pub fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        self.query(&self.root(), "iam", "2010-05-08", action, parameters)
            .unwrap_or_else(|refusal| panic!("{action}: {refusal:?}"))
    }

    /// Deploys a stack as root, as any CloudFormation client would.
    pub fn deploy(&self, stack: &str, template: &str, parameters: &[(&str, &str)]) {
        let mut form = vec![
            ("StackName".to_owned(), stack),
            ("TemplateBody".to_owned(), template),
            ("Capabilities.member.1".to_owned(), "CAPABILITY_NAMED_IAM"),
        ];
        for (index, (key, value)) in parameters.iter().enumerate() {
            let member = format!("Parameters.member.{}", index + 1);
            form.push((format!("{member}.ParameterKey"), key));
            form.push((format!("{member}.ParameterValue"), value));
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        self.query(&self.root(), "cloudformation", "2010-05-15", "CreateStack", &form)
            .expect("root may deploy");
    }

    /// Does an action of a service that takes forms and gives XML (IAM, STS, CloudFormation).
    pub fn query(
        &self,
        who: &Credentials,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Refusal> {
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            form.extend(["&", name, "=", &percent_encoded(value)]);
        }
        let headers = [("Content-Type", "application/x-www-form-urlencoded".to_owned())];
        self.send(who, service, &headers, form.into_bytes())
    }

    /// Does a DynamoDB operation, so that a test can look at a table with other eyes than ours.
    pub fn dynamodb(&self, who: &Credentials, operation: &str, input: &Value) -> Result<Value, Refusal> {
        let headers = [
            ("Content-Type", "application/x-amz-json-1.0".to_owned()),
            ("X-Amz-Target", format!("DynamoDB_20120810.{operation}")),
        ];
        let answer = self.send(who, "dynamodb", &headers, input.to_string().into_bytes())?;
        Ok(serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{operation}: {error}: {answer}")))
    }

    /// Makes a table as `init` leaves it, as root: what a test needs that is about data alone.
    pub fn create_table(&self, table: &str) {
        self.create_bare_table(table);
        let count = json!({"pk": {"S": "@config"}, "sk": {"S": "@sections"}, "n": {"N": "0"}});
        self.dynamodb(
            &self.root(),
            "PutItem",
            &json!({"TableName": table, "Item": count}),
        )
        .expect("root may write");
    }

    /// Makes a table with the key schema of a config's and nothing in it.
    pub fn create_bare_table(&self, table: &str) {
        let input = json!({
            "TableName": table,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        });
        self.dynamodb(&self.root(), "CreateTable", &input)
            .expect("root may make a table");
    }

    /// Makes a KMS key of that alias, as root, and gives its ARN.
    pub fn create_key(&self, alias: &str) -> String {
        let made = self.kms("CreateKey", &json!({}));
        let metadata = &made["KeyMetadata"];
        self.kms(
            "CreateAlias",
            &json!({"AliasName": alias, "TargetKeyId": metadata["KeyId"]}),
        );
        metadata["Arn"].as_str().expect("a key has an ARN").to_owned()
    }

    /// Does a KMS operation as root.
    pub fn kms(&self, operation: &str, input: &Value) -> Value {
        self.json("kms", &format!("TrentService.{operation}"), input)
    }

    /// Does an operation of a service of the JSON protocol as root; `target` is `PREFIX.OPERATION`.
    pub fn json(&self, service: &str, target: &str, input: &Value) -> Value {
        let headers = [
            ("Content-Type", "application/x-amz-json-1.1".to_owned()),
            ("X-Amz-Target", target.to_owned()),
        ];
        let answer = self
            .send(&self.root(), service, &headers, input.to_string().into_bytes())
            .unwrap_or_else(|refusal| panic!("{target}: {refusal:?}"));
        // An operation may have nothing to say.
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Every item of a table, in the table's JSON form, seen by root.
    pub fn items(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut input = json!({"TableName": table, "ConsistentRead": true});
        loop {
            let mut page = self
                .dynamodb(&self.root(), "Scan", &input)
                .expect("root may scan");
            items.extend(page["Items"].as_array().into_iter().flatten().cloned());
            match page["LastEvaluatedKey"].take() {
                Value::Null => return items,
                last => input["ExclusiveStartKey"] = last,
            }
        }
    }

    /// What an SDK client needs to be this user at that endpoint.
    pub fn sdk(url: &str, who: &Credentials) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(url)
            .credentials_provider(SharedCredentialsProvider::new(who.clone()))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .build()
    }

    fn send(
        &self,
        who: &Credentials,
        service: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<String, Refusal> {
        let host = self.emulator.address();
        let mut all = vec![("Host".to_owned(), host.clone())];
        all.extend(
            headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        all.extend(signature(
            who,
            service,
            "POST",
            &format!("http://{host}/"),
            &all,
            &body,
        ));
        let request = Message {
            start: "POST / HTTP/1.1".to_owned(),
            headers: all,
            body,
        };

        let mut stream = TcpStream::connect(&host).expect("the emulator listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout above zero");
        request.write(&mut stream).expect("the emulator reads");
        let answer = Message::read_response(&mut BufReader::new(stream)).expect("the emulator answers");
        let (status, body) = (
            answer.status(),
            String::from_utf8_lossy(&answer.body).into_owned(),
        );
        if status == 200 {
            Ok(body)
        } else {
            Err(Refusal { status, body })
        }
    }
}

/// Credentials without a session.
pub fn keys(id: &str, secret: &str) -> Credentials {
    Credentials::new(id, secret, None, None, "test")
}

/// The headers that sign a request.
pub(crate) fn signature(
    who: &Credentials,
    service: &str,
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Vec<(String, String)> {
    let identity = who.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .expect("all parameters are given")
        .into();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let request =
        SignableRequest::new(method, url, headers, SignableBody::Bytes(body)).expect("a plain request");
    let (instructions, _) = sign(request, &parameters)
        .expect("a request that can be signed")
        .into_parts();
    instructions
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The text of the first element of that name.
pub fn xml_text<'a>(xml: &'a str, element: &str) -> &'a str {
    xml.split_once(&format!("<{element}>"))
        .and_then(|(_, rest)| rest.split_once("</"))
        .map_or_else(|| panic!("no {element} in {xml}"), |(text, _)| text)
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(["%", &format!("{byte:02X}")]);
        }
    }
    encoded
}
