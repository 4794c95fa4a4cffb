use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::config_template::{API, TABLE, TEMPLATE};
use crate::model::Billing;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::policy::resolve;
use crate::stack::policy::resolve::{Resource, StackLocation};

/// The date of these prices: on-demand requests became cheaper that month (DynamoDB pricing, US East (N. Virginia),
/// standard table class; KMS pricing).
pub const PRICES_OF: &str = "November 2024";
/// The region of these prices.
pub const PRICES_IN: &str = "us-east-1";
/// Dollars for a read unit on demand.
pub const READ_UNIT: f64 = 0.125e-6;
/// Dollars for a write unit on demand.
pub const WRITE_UNIT: f64 = 0.625e-6;
/// Dollars per GB of a table and month, above the free amount.
pub const STORED_GB: f64 = 0.25;
/// Dollars per GB and month of point-in-time recovery.
pub const RECOVERABLE_GB: f64 = 0.20;
/// The free GB of tables per account and region.
const FREE_GB: u32 = 25;
/// The free provisioned read units, and as many write units, per account and region.
const FREE_UNITS: u32 = 25;

/// Dollars for a million requests to an HTTP API of API Gateway (its pricing, the first 300 million a month, each of up
/// to 512 KB).
const MILLION_API_REQUESTS: f64 = 1.0;
/// Dollars for a million calls of a function (Lambda pricing)...
const MILLION_CALLS: f64 = 0.20;
/// ...and for each GB of memory and second that it runs.
const GB_SECOND: f64 = 0.000_016_666_7;
/// The memory of the function in the template.
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

/// The price of a stack in the region [`PRICES_IN`], at the prices of [`PRICES_OF`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    billing: Billing,
    /// How many KMS keys the stack holds.
    keys: u32,
    /// Whether the stack holds an HTTP API.
    api: bool,
}

impl Price {
    /// The price of a config's stack as deployed. Sends no request.
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

    /// Dollars per month without requests and data. Provisioned units count in full, even where they are free.
    pub fn monthly(&self) -> f64 {
        let capacity = match self.billing {
            Billing::OnDemand => 0.0,
            Billing::Provisioned { read, write } => {
                HOURS_A_MONTH * (f64::from(read) * READ_UNIT_HOUR + f64::from(write) * WRITE_UNIT_HOUR)
            }
        };
        capacity + f64::from(self.keys) * KEY_MONTH
    }

    /// Dollars for a million gets of up to 4 KB each; `None` if capacity is provisioned.
    pub fn million_gets(&self) -> Option<f64> {
        (self.billing == Billing::OnDemand).then_some(1e6 * GET_READS * READ_UNIT)
    }

    /// Dollars for a million sets of up to 1 KB each; `None` if capacity is provisioned.
    pub fn million_sets(&self) -> Option<f64> {
        (self.billing == Billing::OnDemand).then_some(1e6 * (SET_READS * READ_UNIT + SET_WRITES * WRITE_UNIT))
    }

    /// Dollars for a million requests to the HTTP API, without function time, reads, writes and logs; `None` without an
    /// API.
    pub fn million_requests(&self) -> Option<f64> {
        self.api.then_some(MILLION_API_REQUESTS + MILLION_CALLS)
    }

    /// The price in words, in several lines.
    pub fn words(&self) -> String {
        let mut text = format!("${:.2} per month when idle", self.monthly());
        if self.keys > 0 {
            let _ = write!(text, " (${KEY_MONTH:.2} per KMS key)");
        }
        let _ = writeln!(
            text,
            ", plus ${STORED_GB:.2} per GB stored (the first {FREE_GB} GB of the account are free) and \
             ${RECOVERABLE_GB:.2} per GB for point-in-time recovery"
        );
        match (self.billing, self.million_gets(), self.million_sets()) {
            (Billing::Provisioned { read, write }, ..) => {
                let _ = write!(
                    text,
                    "No charge per get or set: {read} read units and {write} write units allow {:.1} gets and \
                     {:.1} sets per second",
                    f64::from(read) / GET_READS,
                    (f64::from(write) / SET_WRITES).min(f64::from(read) / SET_READS),
                );
                if read <= FREE_UNITS && write <= FREE_UNITS {
                    let _ = write!(
                        text,
                        "\nFree while the provisioned tables of the account use at most {FREE_UNITS} read and \
                         {FREE_UNITS} write units in the region"
                    );
                }
            }
            (_, gets, sets) => {
                let _ = write!(
                    text,
                    "${:.3} per million gets of up to 4 KB, ${:.3} per million sets of up to 1 KB",
                    gets.unwrap_or_default(),
                    sets.unwrap_or_default()
                );
            }
        }
        if let Some(requests) = self.million_requests() {
            let _ = write!(
                text,
                "\n${requests:.2} per million requests to the HTTP API, and ${:.2} per 10 ms of function time, in \
                 addition \
                 to reads, writes and logs",
                1e6 * 0.01 * FUNCTION_GB * GB_SECOND
            );
        }
        let _ = write!(text, "\n(prices of {PRICES_IN}, {PRICES_OF})");
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
            words.contains("$0.125 per million gets of up to 4 KB, $4.125 per million sets of up to 1 KB"),
            "{words}"
        );
        assert!(
            words.contains("$0.00 per month when idle, plus $0.25 per GB stored"),
            "{words}"
        );
        assert!(words.contains("prices of us-east-1, November 2024"), "{words}");
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
        assert!(
            words.contains("allow 30.0 gets and 1.0 sets per second"),
            "{words}"
        );
        assert!(
            !words.contains("Free while"),
            "30 units exceed the free ones: {words}"
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
            words
                .contains("$1.20 per million requests to the HTTP API, and $0.04 per 10 ms of function time"),
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
