use serde::Serialize;

use crate::stack::{PRICES_IN, PRICES_OF, Price, RECOVERABLE_GB, STORED_GB};

/// What a stack costs, as results show it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PriceShape {
    currency: &'static str,
    region: &'static str,
    of: &'static str,
    monthly: f64,
    stored_gb_month: f64,
    recoverable_gb_month: f64,
    million_gets: Option<f64>,
    million_sets: Option<f64>,
    /// Beside what the function runs, reads, writes and logs.
    million_requests: Option<f64>,
}

impl From<Price> for PriceShape {
    fn from(price: Price) -> Self {
        Self {
            currency: "USD",
            region: PRICES_IN,
            of: PRICES_OF,
            monthly: price.monthly(),
            stored_gb_month: STORED_GB,
            recoverable_gb_month: RECOVERABLE_GB,
            million_gets: price.million_gets(),
            million_sets: price.million_sets(),
            million_requests: price.million_requests(),
        }
    }
}
