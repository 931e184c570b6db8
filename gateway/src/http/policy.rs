//! The numbers of a policy, as an item or a position is given them.

use onhand_domain::policy::{BackorderLimit, Policy};

use crate::http::decimal::{Decimal, Field, Range, quantity_if};
use crate::http::json::Json;
use crate::http::problem::Problem;

/// The word for a backorder without limit.
const UNLIMITED: &str = "unlimited";

/// The five numbers as they stand in a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PolicyNumbers<'a> {
    /// `minStock`.
    pub(crate) min_stock: Option<Decimal<'a>>,
    /// `maxStock`.
    pub(crate) max_stock: Option<Decimal<'a>>,
    /// `safetyStock`.
    pub(crate) safety_stock: Option<Decimal<'a>>,
    /// `backorderLimit`.
    pub(crate) backorder_limit: Option<Decimal<'a>>,
    /// `lowStockThreshold`.
    pub(crate) low_stock_threshold: Option<Decimal<'a>>,
}

impl PolicyNumbers<'_> {
    /// Reads them.
    ///
    /// # Errors
    /// 422 `INVALID_QUANTITY`.
    pub(crate) fn read(self) -> Result<Policy, Problem> {
        let number = |decimal, name| quantity_if(decimal, Field::named(name), Range::NotNegative);
        Ok(Policy {
            min_stock: number(self.min_stock, "minStock")?,
            max_stock: number(self.max_stock, "maxStock")?,
            safety_stock: number(self.safety_stock, "safetyStock")?,
            backorder_limit: match self.backorder_limit {
                Some(limit) if limit.is_word(UNLIMITED) => Some(BackorderLimit::Unlimited),
                limit => number(limit, "backorderLimit")?.map(BackorderLimit::Limited),
            },
            low_stock_threshold: number(self.low_stock_threshold, "lowStockThreshold")?,
        })
    }
}

/// Writes `minStock?, maxStock?, backorderLimit?, lowStockThreshold?`; safety stock stands elsewhere,
/// because a position always has one.
pub(crate) fn write(policy: &Policy, json: &mut Json) {
    json.quantity_if("minStock", policy.min_stock);
    json.quantity_if("maxStock", policy.max_stock);
    match policy.backorder_limit {
        Some(BackorderLimit::Limited(limit)) => json.quantity("backorderLimit", limit),
        Some(BackorderLimit::Unlimited) => json.text("backorderLimit", UNLIMITED),
        None => {}
    }
    json.quantity_if("lowStockThreshold", policy.low_stock_threshold);
}
