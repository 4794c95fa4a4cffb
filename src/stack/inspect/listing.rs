use aws_sdk_cloudformation::Client;

use super::lookup::Deployed;
use super::state::StackState;
use crate::model::{ConfigName, GrantName};
use crate::stack::error::StackError;
use crate::stack::template::blueprint::Owner;
use crate::stack::template::config_template::{Output, Parameter};

/// The prefix of the names of all stacks that discfg deploys.
const BEGINNING: &str = "discfg-";

impl Deployed {
    /// The owner of the stack: a config or a grant by its name, a config also by its outputs, since its template may be
    /// deployed under any name. `None` for other stacks.
    ///
    /// A stack whose create failed or is running has no outputs; then its parameters decide.
    pub fn owner(&self) -> Option<Owner> {
        let config = self.parameters.get(Parameter::Config.name());
        let marked = self.is_ours() || self.outputs.is_empty();
        match self.name.strip_prefix(BEGINNING) {
            Some(rest) if rest.contains("--") => {
                let (of, grant) = rest.split_once("--")?;
                let is_ours = self.is_ours() || config.is_some_and(|config| config == of);
                let owner = Owner::Grant(of.parse().ok()?, grant.parse().ok()?);
                is_ours.then_some(owner)
            }
            Some(rest) if marked && config.is_some_and(|config| config == rest) => {
                Some(Owner::Config(rest.parse().ok()?))
            }
            _ => {
                let is_config = self.is_ours() && self.outputs.contains_key(Output::TableName.name());
                let named = config.map(String::as_str).or(self.name.strip_prefix(BEGINNING));
                is_config.then(|| Some(Owner::Config(named?.parse().ok()?)))?
            }
        }
    }
}

/// The stacks of discfg in the account and region with their owners, ordered by name. One request per page of the
/// account's stacks; needs `cloudformation:DescribeStacks` on all of them.
pub async fn stacks(cfn: &Client) -> Result<Vec<(Owner, Deployed)>, StackError> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = cfn
            .describe_stacks()
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| StackError::request("cloudformation:DescribeStacks", &error))?;
        for stack in page.stacks() {
            let stack = Deployed::new(stack, stack.stack_name().unwrap_or_default())?;
            if let Some(owner) = stack
                .owner()
                .filter(|_| stack.state != StackState::DeleteComplete)
            {
                found.push((owner, stack));
            }
        }
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    found.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
    Ok(found)
}

/// The stacks of a config's grants, ordered by name. Sends the requests of [`stacks`].
pub async fn grant_stacks(
    cfn: &Client,
    config: &ConfigName,
) -> Result<Vec<(GrantName, Deployed)>, StackError> {
    let all = stacks(cfn).await?;
    let of_config = all.into_iter().filter_map(|(owner, stack)| match owner {
        Owner::Grant(of, grant) if of == *config => Some((grant, stack)),
        _ => None,
    });
    Ok(of_config.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn stack(name: &str, parameters: &[(&str, &str)], outputs: &[&str]) -> Deployed {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Deployed {
            name: name.into(),
            arn: String::new(),
            state: StackState::CreateComplete,
            reason: None,
            created: Timestamp::from_epoch(0),
            since: Timestamp::from_epoch(0),
            parameters: parameters.iter().map(owned).collect(),
            outputs: outputs
                .iter()
                .map(|name| ((*name).to_owned(), "x".into()))
                .collect(),
            tags: std::collections::BTreeMap::new(),
            cfn_role: None,
            protected: false,
        }
    }

    fn config(name: &str) -> Owner {
        Owner::Config(name.parse().expect("a config name"))
    }

    #[test]
    fn a_stack_is_known_by_its_name_with_a_mark_or_by_its_outputs() {
        const OUTPUTS: &[&str] = &["DiscfgLayout", "TableName"];
        let shop = [("Config", "shop")];
        assert_eq!(stack("discfg-shop", &shop, OUTPUTS).owner(), Some(config("shop")));
        assert_eq!(
            stack("discfg-shop", &shop, &[]).owner(),
            Some(config("shop")),
            "a failed create"
        );
        assert_eq!(
            stack("shop-config", &shop, OUTPUTS).owner(),
            Some(config("shop")),
            "another name"
        );
        let grant = stack("discfg-shop--ci", &shop, &["RoleArn"]).owner();
        let (of, name) = (
            "shop".parse().expect("a name"),
            "ci".parse().expect("a grant name"),
        );
        assert_eq!(grant, Some(Owner::Grant(of, name)));
        for foreign in [
            stack("discfg-shop", &[], &[]),
            stack("discfg-shop", &shop, &["Bucket"]),
            stack("discfg-shop--ci", &[("Config", "other")], &[]),
            stack("discfg-shop--ci", &[], &["Url"]),
            stack("website", &[], &["Url"]),
            stack("api", &[], &["DiscfgLayout"]),
            stack(
                "discfg--code",
                &[("DiscfgCode", "1")],
                &["DiscfgCode", "BucketName"],
            ),
            stack("discfg--code", &[("DiscfgCode", "1")], &[]),
        ] {
            assert_eq!(foreign.owner(), None, "{foreign:?}");
        }
    }
}
