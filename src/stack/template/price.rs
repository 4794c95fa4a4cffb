use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::config_template::{API, TABLE, TEMPLATE};
use crate::model::Billing;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::policy::resolve;
use crate::stack::policy::resolve::{Resource, StackLocation};

/// When these prices held: on-demand requests were made cheaper that month (DynamoDB pricing, US East (N. Virginia),
/// standard table class; KMS pricing).
pub const PRICES_OF: &str = "November 2024";
/// The region whose prices these are.
pub const PRICES_IN: &str = "us-east-1";
/// Dollars for a read unit on demand.
pub const READ_UNIT: f64 = 0.125e-6;
/// Dollars for a write unit on demand.
pub const WRITE_UNIT: f64 = 0.625e-6;
/// Dollars for a GB of a table and month, above what an account has free.
pub const STORED_GB: f64 = 0.25;
/// Dollars for a GB of a table's point-in-time recovery and month.
pub const RECOVERABLE_GB: f64 = 0.20;
/// GB of tables that each account has free in each region.
const FREE_GB: u32 = 25;
/// Units of provisioned reads, and as many of writes, that each account has free in each region.
const FREE_UNITS: u32 = 25;

/// Dollars for a million requests to an HTTP API of API Gateway (its pricing, the first 300 million a month, each of up
/// to 512 KB).
const MILLION_API_REQUESTS: f64 = 1.0;
/// Dollars for a million calls of a function (Lambda pricing)...
const MILLION_CALLS: f64 = 0.20;
/// ...and for each GB of memory and second that it runs.
const GB_SECOND: f64 = 0.000_016_666_7;
/// What the template gives the function.
const FUNCTION_GB: f64 = 0.25;

const READ_UNIT_HOUR: f64 = 0.000_13;
const WRITE_UNIT_HOUR: f64 = 0.000_65;
const HOURS_A_MONTH: f64 = 730.0;
/// Dollars for a KMS key and month.
pub const KEY_MONTH: f64 = 1.0;
/// A strongly consistent read of up to 4 KB.
const GET_READS: f64 = 1.0;
/// The entry, its section's head and `@meta` are read...
const SET_READS: f64 = 3.0;
/// ...and the entry, its line in the log and the head are written, in a transaction, which doubles it.
const SET_WRITES: f64 = 6.0;

/// What a stack costs in the region [`PRICES_IN`], at the prices of [`PRICES_OF`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    billing: Billing,
    /// How many KMS keys the stack holds.
    keys: u32,
    /// Whether the stack holds an HTTP API.
    api: bool,
}

impl Price {
    /// What a config's stack costs as it is deployed. Makes no request.
    pub fn of_deployed(stack: &Deployed) -> Option<Self> {
        let place = StackLocation::of(&stack.arn).ok()?;
        let resources = resolve::resources(TEMPLATE, &stack.parameters, &place).ok()?;
        Some(Self::of(&resources))
    }

    pub(in crate::stack) fn of(resources: &BTreeMap<String, Resource>) -> Self {
        let table = |property: &str| resources.get(TABLE)?.properties.get(property)?.as_ref().ok();
        let units = |name: &str| {
            let units = table("ProvisionedThroughput")?.get(name)?;
            units
                .as_str()
                .map_or_else(|| units.as_u64()?.try_into().ok(), |text| text.parse().ok())
        };
        let keys = resources
            .values()
            .filter(|resource| resource.kind == "AWS::KMS::Key");
        Self {
            billing: match (units("ReadCapacityUnits"), units("WriteCapacityUnits")) {
                (Some(read), Some(write)) => Billing::Provisioned { read, write },
                _ => Billing::OnDemand,
            },
            keys: keys.count().try_into().unwrap_or(u32::MAX),
            api: resources.contains_key(API),
        }
    }

    /// Dollars a month when nothing is read or written and next to nothing stored. Provisioned units count in full,
    /// also where the account has them free.
    pub fn monthly(&self) -> f64 {
        let capacity = match self.billing {
            Billing::OnDemand => 0.0,
            Billing::Provisioned { read, write } => {
                HOURS_A_MONTH * (f64::from(read) * READ_UNIT_HOUR + f64::from(write) * WRITE_UNIT_HOUR)
            }
        };
        capacity + f64::from(self.keys) * KEY_MONTH
    }

    /// Dollars for a million gets of up to 4 KB each; nothing if they are provisioned.
    pub fn million_gets(&self) -> Option<f64> {
        (self.billing == Billing::OnDemand).then_some(1e6 * GET_READS * READ_UNIT)
    }

    /// Dollars for a million sets of up to 1 KB each; nothing if they are provisioned.
    pub fn million_sets(&self) -> Option<f64> {
        (self.billing == Billing::OnDemand).then_some(1e6 * (SET_READS * READ_UNIT + SET_WRITES * WRITE_UNIT))
    }

    /// Dollars for a million requests to the HTTP API, beside what its function runs, what it reads and writes, and what it
    /// logs; nothing where there is none.
    pub fn million_requests(&self) -> Option<f64> {
        self.api.then_some(MILLION_API_REQUESTS + MILLION_CALLS)
    }

    /// The same in words, some lines of them.
    pub fn words(&self) -> String {
        let mut text = format!("Price at rest: ${:.2} a month", self.monthly());
        if self.keys > 0 {
            let _ = write!(text, ", ${KEY_MONTH:.2} of it for each KMS key");
        }
        let _ = writeln!(
            text,
            "; ${STORED_GB:.2} for each GB stored (the account's first {FREE_GB} GB are free) and \
             ${RECOVERABLE_GB:.2} for its recovery"
        );
        match (self.billing, self.million_gets(), self.million_sets()) {
            (Billing::Provisioned { read, write }, ..) => {
                let _ = write!(
                    text,
                    "Gets and sets cost nothing more: {read} read units and {write} write units carry {:.1} gets and \
                     {:.1} sets a second",
                    f64::from(read) / GET_READS,
                    (f64::from(write) / SET_WRITES).min(f64::from(read) / SET_READS),
                );
                if read <= FREE_UNITS && write <= FREE_UNITS {
                    let _ = write!(
                        text,
                        "\nFree while all provisioned tables of the account keep within {FREE_UNITS} units of each \
                         in a region"
                    );
                }
            }
            (_, gets, sets) => {
                let _ = write!(
                    text,
                    "A million gets of up to 4 KB: ${:.3}; a million sets of up to 1 KB: ${:.3}",
                    gets.unwrap_or_default(),
                    sets.unwrap_or_default()
                );
            }
        }
        if let Some(requests) = self.million_requests() {
            let _ = write!(
                text,
                "\nA million requests to the HTTP API: ${requests:.2}, and ${:.2} for each 10 ms that the function runs for \
                 one, beside what they read, write and log",
                1e6 * 0.01 * FUNCTION_GB * GB_SECOND
            );
        }
        let _ = write!(text, "\n({PRICES_IN}, prices of {PRICES_OF})");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(parameters: &[(&str, &str)]) -> Price {
        let all = [("Config", "payments")].iter().chain(parameters);
        let parameters = all
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let place =
            StackLocation::of("arn:aws:cloudformation:eu-west-1:123456789012:stack/discfg-payments/x");
        let place = place.expect("a place");
        Price::of(&resolve::resources(TEMPLATE, &parameters, &place).expect("the template resolves"))
    }

    #[test]
    fn on_demand_costs_nothing_at_rest() {
        let price = price(&[]);
        assert_eq!(format!("{:.2}", price.monthly()), "0.00");
        let words = price.words();
        assert!(
            words.contains("A million gets of up to 4 KB: $0.125; a million sets of up to 1 KB: $4.125"),
            "{words}"
        );
        assert!(
            words.contains("$0.00 a month; $0.25 for each GB stored"),
            "{words}"
        );
        assert!(words.contains("us-east-1, prices of November 2024"), "{words}");
    }

    #[test]
    fn provisioned_units_are_paid_by_the_hour() {
        let price = price(&[
            ("BillingMode", "PROVISIONED"),
            ("ReadCapacity", "30"),
            ("WriteCapacity", "6"),
        ]);
        assert_eq!(format!("{:.3}", price.monthly()), "5.694");
        assert_eq!((price.million_gets(), price.million_sets()), (None, None));
        let words = price.words();
        assert!(words.contains("carry 30.0 gets and 1.0 sets a second"), "{words}");
        assert!(
            !words.contains("Free while"),
            "30 are more than are free: {words}"
        );
    }

    #[test]
    fn what_fits_the_free_units_says_so() {
        let price = price(&[("BillingMode", "PROVISIONED")]);
        assert_eq!(format!("{:.2}", price.monthly()), "2.85");
        assert!(price.words().contains("Free while"), "5 and 5 by default");
    }

    #[test]
    fn an_api_is_paid_by_the_request() {
        assert_eq!(price(&[]).million_requests(), None);
        let price = price(&[("MakeApi", "true")]);
        assert_eq!(format!("{:.2}", price.monthly()), "0.00");
        let words = price.words();
        assert!(
            words.contains("A million requests to the HTTP API: $1.20, and $0.04 for each 10 ms"),
            "{words}"
        );
    }

    #[test]
    fn a_key_of_the_stack_is_paid_by_the_month() {
        let key = Resource {
            kind: "AWS::KMS::Key".into(),
            properties: BTreeMap::new(),
        };
        let price = Price::of(&BTreeMap::from([("Key".to_owned(), key)]));
        assert_eq!(format!("{:.2}", price.monthly()), "1.00");
    }
}
