//! Stock writes: what they have in common.

pub(crate) mod corrections;
pub(crate) mod entries;
pub(crate) mod revaluations;
#[cfg(test)]
mod tests;
pub(crate) mod transfers;

use std::sync::Arc;

use onhand_domain::command::{Detail, Place};
use onhand_domain::ids::{ItemId, LocationId, LotNumber};
use onhand_domain::time::Timestamp;
use onhand_engine::ids::transaction_id;

use crate::http::answer::{self, Shape};
use crate::http::body::Word;
use crate::http::catalog::{reference_if, text_if};
use crate::http::decimal::Field;
use crate::http::extract::id;
use crate::http::positions;
use crate::http::problem::Problem;
use crate::http::timestamp;

/// Declares the body of a stock write: its own fields, and those that all of them have.
macro_rules! stock_body {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
        pub(crate) struct $name<'a> {
            $($(#[$field_meta])* $field: $type,)*
            /// A reference of the caller's, kept in the ledger.
            #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
            reference: Option<$crate::http::body::Word<'a>>,
            /// What kind of thing the reference names.
            #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
            reference_type: Option<$crate::http::body::Word<'a>>,
            /// Free text, kept in the ledger.
            #[schema(value_type = Option<String>, max_length = 1024)]
            note: Option<$crate::http::body::Word<'a>>,
            /// When it happened, if not now; at most 5 minutes ahead.
            #[schema(value_type = Option<String>, format = DateTime)]
            occurred_at: Option<$crate::http::body::Word<'a>>,
        }

        impl $name<'_> {
            /// What was said besides.
            fn detail(
                &self,
                now: onhand_domain::time::Timestamp,
            ) -> Result<onhand_domain::command::Detail, $crate::http::problem::Problem> {
                $crate::http::stock::detail(
                    self.reference.as_ref(),
                    self.reference_type.as_ref(),
                    self.note.as_ref(),
                    self.occurred_at.as_ref(),
                    now,
                )
            }
        }
    };
}
pub(crate) use stock_body;

/// Words for the ledger that every stock write may bring.
pub(crate) fn detail(
    reference: Option<&Word<'_>>,
    reference_type: Option<&Word<'_>>,
    note: Option<&Word<'_>>,
    occurred_at: Option<&Word<'_>>,
    now: Timestamp,
) -> Result<Detail, Problem> {
    let occurred =
        |at: &Word<'_>| timestamp::parse_occurred(Field::named("occurredAt"), at.as_str(), now);
    Ok(Detail {
        reference: reference_if(reference, Field::named("reference"))?,
        reference_type: reference_if(reference_type, Field::named("referenceType"))?,
        note: text_if(note, Field::named("note"))?,
        occurred_at: occurred_at.map(occurred).transpose()?,
        ..Detail::default()
    })
}

/// A detail that says nothing is none: most writes bring no words.
pub(crate) fn kept(detail: Detail) -> Option<Arc<Detail>> {
    (detail != Detail::default()).then(|| Arc::new(detail))
}

pub(crate) fn place(item: &Word<'_>, location: &Word<'_>) -> Result<Place, Problem> {
    Ok(Place {
        item: id(Field::named("itemId"), item.as_str(), ItemId::parse)?,
        location: id(Field::named("locationId"), location.as_str(), LocationId::parse)?,
    })
}

/// The lot that stock is put into.
pub(crate) fn lot_put(lot: Option<&Word<'_>>) -> Result<Option<LotNumber>, Problem> {
    lot_named(lot, Field::named("lotNumber"))
}

/// A lot that is named, if one is.
///
/// # Errors
/// 422 `INVALID_ID`.
pub(crate) fn lot_named(
    lot: Option<&Word<'_>>,
    field: Field,
) -> Result<Option<LotNumber>, Problem> {
    lot.map(|lot| id(field, lot.as_str(), LotNumber::parse)).transpose()
}

/// The answer to a write at one position: `{transactionId, sequence, position}`.
pub(crate) const STOCK: Shape = Shape {
    status: answer::ok,
    write: |changed, names, json| {
        let position = changed.change.positions.first()?;
        json.object(|json| {
            json.text("transactionId", &transaction_id(changed.log, changed.sequence, 0));
            json.number("sequence", changed.sequence);
            json.object_at("position", |json| {
                positions::write_changed(changed, position, names, json)
            })?;
            if changed.change.exceeds_shipped {
                json.truth("exceedsShipped", true);
            }
            if changed.change.lot_dropped {
                json.truth("lotDropped", true);
            }
            Some(())
        })
    },
};
