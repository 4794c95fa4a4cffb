use crate::stack::{PRICES_IN, PRICES_OF, Price, RECOVERABLE_GB, STORED_GB};
use crate::wire::result::PriceShape;

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
