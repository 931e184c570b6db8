//! Frozen mirrors of policies.

use onhand_domain::change::PolicyBefore;
use onhand_domain::policy::{BackorderLimit, Policy};
use onhand_domain::quantity::Quantity;
use serde::{Deserialize, Serialize};

use crate::record::DecodeError;
use crate::record::mirror::{Base, Mirror};

/// Mirror of [`Policy`]. A backorder limit is absent, present without a figure (no limit), or a figure.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct PolicyV1 {
    min_stock: Option<i64>,
    max_stock: Option<i64>,
    safety_stock: Option<i64>,
    backorder_limit: Option<Option<i64>>,
    low_stock_threshold: Option<i64>,
}

impl<'a> Mirror<'a> for PolicyV1 {
    type Of = Policy;

    fn of(policy: &'a Policy, _: Base) -> Self {
        Self {
            min_stock: policy.min_stock.map(Quantity::millionths),
            max_stock: policy.max_stock.map(Quantity::millionths),
            safety_stock: policy.safety_stock.map(Quantity::millionths),
            backorder_limit: policy.backorder_limit.map(|limit| match limit {
                BackorderLimit::Limited(limit) => Some(limit.millionths()),
                BackorderLimit::Unlimited => None,
            }),
            low_stock_threshold: policy.low_stock_threshold.map(Quantity::millionths),
        }
    }

    fn restore(self, _: Base) -> Result<Policy, DecodeError> {
        Ok(Policy {
            min_stock: self.min_stock.map(Quantity::from_millionths),
            max_stock: self.max_stock.map(Quantity::from_millionths),
            safety_stock: self.safety_stock.map(Quantity::from_millionths),
            backorder_limit: self.backorder_limit.map(|limit| match limit {
                Some(limit) => BackorderLimit::Limited(Quantity::from_millionths(limit)),
                None => BackorderLimit::Unlimited,
            }),
            low_stock_threshold: self.low_stock_threshold.map(Quantity::from_millionths),
        })
    }
}

/// Mirror of a policy and of what it came to; absent when the two are the same.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct OwnAndEffectiveV1 {
    own: PolicyV1,
    effective: Option<PolicyV1>,
}

impl OwnAndEffectiveV1 {
    pub(in crate::record) fn of(own: &Policy, effective: &Policy, base: Base) -> Self {
        Self {
            own: PolicyV1::of(own, base),
            effective: (own != effective).then(|| PolicyV1::of(effective, base)),
        }
    }

    pub(in crate::record) fn restore(self, base: Base) -> Result<(Policy, Policy), DecodeError> {
        let own = self.own.restore(base)?;
        let effective = match self.effective {
            Some(effective) => effective.restore(base)?,
            None => own,
        };
        Ok((own, effective))
    }
}

/// Mirror of [`PolicyBefore`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct PolicyBeforeV1(OwnAndEffectiveV1);

impl<'a> Mirror<'a> for PolicyBeforeV1 {
    type Of = PolicyBefore;

    fn of(before: &'a PolicyBefore, base: Base) -> Self {
        Self(OwnAndEffectiveV1::of(&before.own, &before.effective, base))
    }

    fn restore(self, base: Base) -> Result<PolicyBefore, DecodeError> {
        let (own, effective) = self.0.restore(base)?;
        Ok(PolicyBefore { own, effective })
    }
}
