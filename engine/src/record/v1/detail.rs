//! Frozen mirror of the words for the ledger.

use onhand_domain::command::Detail;
use onhand_domain::ids::{LotNumber, Reference, Text};
use onhand_domain::quantity::Money;
use onhand_domain::time::Day;
use serde::{Deserialize, Serialize};

use crate::record::DecodeError;
use crate::record::code::{code_or_zero, of_code_or_zero};
use crate::record::mirror::{Base, Mirror, name};

/// Mirror of [`Detail`]; condition 0 is none.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct DetailV1<'a> {
    reason: Option<&'a str>,
    reference: Option<&'a str>,
    reference_type: Option<&'a str>,
    note: Option<&'a str>,
    /// Milliseconds from the record's time stamp.
    occurred_at: Option<i64>,
    document: Option<&'a str>,
    order: Option<&'a str>,
    rma: Option<&'a str>,
    lot: Option<&'a str>,
    expiry: Option<i32>,
    unit_cost: Option<i64>,
    amount: Option<i64>,
    condition: u8,
}

impl<'a> Mirror<'a> for DetailV1<'a> {
    type Of = Detail;

    fn of(detail: &'a Detail, base: Base) -> Self {
        Self {
            reason: detail.reason.as_ref().map(Text::as_str),
            reference: detail.reference.as_ref().map(Reference::as_str),
            reference_type: detail.reference_type.as_ref().map(Reference::as_str),
            note: detail.note.as_ref().map(Text::as_str),
            occurred_at: detail.occurred_at.map(|time| base.offset(time)),
            document: detail.document.as_ref().map(Reference::as_str),
            order: detail.order.as_ref().map(Reference::as_str),
            rma: detail.rma.as_ref().map(Reference::as_str),
            lot: detail.lot.as_ref().map(LotNumber::as_str),
            expiry: detail.expiry.map(Day::days),
            unit_cost: detail.unit_cost.map(Money::millionths),
            amount: detail.amount.map(Money::millionths),
            condition: code_or_zero(detail.condition),
        }
    }

    fn restore(self, base: Base) -> Result<Detail, DecodeError> {
        Ok(Detail {
            reason: self.reason.map(|text| name!(Text, text)),
            reference: self.reference.map(|text| name!(Reference, text)),
            reference_type: self.reference_type.map(|text| name!(Reference, text)),
            note: self.note.map(|text| name!(Text, text)),
            occurred_at: self.occurred_at.map(|offset| base.time(offset)),
            document: self.document.map(|text| name!(Reference, text)),
            order: self.order.map(|text| name!(Reference, text)),
            rma: self.rma.map(|text| name!(Reference, text)),
            lot: self.lot.map(|text| name!(LotNumber, text)),
            expiry: self.expiry.map(Day::from_days),
            unit_cost: self.unit_cost.map(Money::from_millionths),
            amount: self.amount.map(Money::from_millionths),
            condition: of_code_or_zero(self.condition)?,
        })
    }
}
