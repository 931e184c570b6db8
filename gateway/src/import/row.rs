//! A row of a file: one JSON object, also when it came from CSV.
//!
//! Without `op` it says what lies at a position; with `op` it is an entry of `POST /v1/stock:batch`.

use onhand_domain::catalog::{Activity, Strategy, Tracking};
use onhand_domain::command::{Action, Adjust, Detail, Force, Place, StockEntry, Target};
use onhand_domain::ids::{BinId, TenantId, Text};
use onhand_domain::position::Bucket;
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;
use serde::Deserialize;

use super::wishes::{ItemWish, LocationWish, Wishes};
use crate::http::batch::stock_action;
use crate::http::body::{Word, parse_text};
use crate::http::catalog::items::StrategyWord;
use crate::http::catalog::{reference_if, text_if};
use crate::http::decimal::{Decimal, Field, Range, money_if, quantity_if};
use crate::http::extract::id;
use crate::http::policy::PolicyNumbers;
use crate::http::problem::Problem;
use crate::http::stock::corrections::BucketWord;
use crate::http::stock::{detail, kept, lot_put, place};
use crate::http::timestamp;

/// Every member of a stock row, in the order in which they are exported.
pub(crate) const COLUMNS: [&str; 31] = [
    "tenantId",
    "itemId",
    "locationId",
    "bucket",
    "quantity",
    "lotNumber",
    "expiryDate",
    "receivedAt",
    "unitCost",
    "sku",
    "name",
    "productId",
    "unitOfMeasure",
    "trackInventory",
    "strategy",
    "itemUnitCost",
    "itemMinStock",
    "itemMaxStock",
    "itemSafetyStock",
    "itemBackorderLimit",
    "itemLowStockThreshold",
    "locationName",
    "locationType",
    "locationActive",
    "locationPriority",
    "binId",
    "minStock",
    "maxStock",
    "safetyStock",
    "backorderLimit",
    "lowStockThreshold",
];

/// Further members of a stock row, which exports do not have.
pub(crate) const WORDS: [&str; 3] = ["reference", "referenceType", "note"];
/// What a file of rejected rows has besides; it is ignored when the file is imported.
pub(crate) const REJECTED: [&str; 2] = ["rejectedLine", "rejected"];

/// A stock row as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, bound(deserialize = "'de: 'a"))]
struct StockRow<'a> {
    item_id: Word<'a>,
    location_id: Word<'a>,
    bucket: Option<BucketWord>,
    quantity: Option<Decimal<'a>>,
    lot_number: Option<Word<'a>>,
    expiry_date: Option<Word<'a>>,
    received_at: Option<Word<'a>>,
    unit_cost: Option<Decimal<'a>>,
    reference: Option<Word<'a>>,
    reference_type: Option<Word<'a>>,
    note: Option<Word<'a>>,
    sku: Option<Word<'a>>,
    name: Option<Word<'a>>,
    product_id: Option<Word<'a>>,
    unit_of_measure: Option<Word<'a>>,
    track_inventory: Option<bool>,
    strategy: Option<StrategyWord>,
    item_unit_cost: Option<Decimal<'a>>,
    item_min_stock: Option<Decimal<'a>>,
    item_max_stock: Option<Decimal<'a>>,
    item_safety_stock: Option<Decimal<'a>>,
    item_backorder_limit: Option<Decimal<'a>>,
    item_low_stock_threshold: Option<Decimal<'a>>,
    location_name: Option<Word<'a>>,
    location_type: Option<Word<'a>>,
    location_active: Option<bool>,
    location_priority: Option<i32>,
    bin_id: Option<Word<'a>>,
    min_stock: Option<Decimal<'a>>,
    max_stock: Option<Decimal<'a>>,
    safety_stock: Option<Decimal<'a>>,
    backorder_limit: Option<Decimal<'a>>,
    low_stock_threshold: Option<Decimal<'a>>,
    /// It was read before.
    #[serde(rename = "tenantId")]
    _tenant_id: Option<serde::de::IgnoredAny>,
    #[serde(rename = "rejectedLine")]
    _rejected_line: Option<serde::de::IgnoredAny>,
    #[serde(rename = "rejected")]
    _rejected: Option<serde::de::IgnoredAny>,
}

/// What decides how a row is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Head<'a> {
    op: Option<Word<'a>>,
    tenant_id: Option<Word<'a>>,
}

/// What a row does to stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Movement {
    /// This.
    Act(Action),
    /// Nothing: it only says that there is such a position.
    Open(Place),
}

/// A row that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// What moves.
    pub(crate) movement: Movement,
    /// What it says besides, and of which position.
    pub(crate) wishes: Option<Box<(Place, Wishes)>>,
}

impl Row {
    /// Reads a row; one that names no tenant is of `tenant`.
    ///
    /// # Errors
    /// As the calls over HTTP: 400 when it cannot be read, 422 when a field makes no sense.
    pub(crate) fn parse(text: &str, tenant: &TenantId) -> Result<Self, Problem> {
        // Whether a time lies ahead is for the engine to say: a look at our clock would find the same
        // file good at one time and bad at another.
        let now = Timestamp::from_millis(i64::MAX);
        let head: Head<'_> = parse_text(text)?;
        let named = head
            .tenant_id
            .as_ref()
            .map(|word| id(Field::named("tenantId"), word.as_str(), TenantId::parse));
        let tenant = named.unwrap_or_else(|| Ok(tenant.clone()))?;
        if head.op.is_some() {
            let movement = Movement::Act(stock_action(text, now)?);
            return Ok(Self { tenant, movement, wishes: None });
        }
        let row: StockRow<'_> = parse_text(text)?;
        let place = place(&row.item_id, &row.location_id)?;
        let movement = row.movement(&place, now)?;
        let wishes = row.wishes()?;
        let is_plain = wishes == Wishes::default() && matches!(movement, Movement::Act(_));
        let wishes = (!is_plain).then(|| Box::new((place, wishes)));
        Ok(Self { tenant, movement, wishes })
    }
}

impl StockRow<'_> {
    fn movement(&self, place: &Place, now: Timestamp) -> Result<Movement, Problem> {
        let quantity = quantity_if(self.quantity, Field::named("quantity"), Range::Any)?;
        let bucket = self.bucket.map_or(Bucket::Available, Bucket::from);
        let detail = self.detail(now)?;
        let place = place.clone();
        let quantity = quantity.unwrap_or_default();
        if quantity == Quantity::ZERO {
            return Ok(Movement::Open(place));
        }
        if bucket == Bucket::Available && quantity.is_positive() {
            let detail = kept(detail);
            return Ok(Movement::Act(Action::Receive(StockEntry { place, quantity, detail })));
        }
        if !quantity.is_positive() && bucket != Bucket::Available {
            return Err(Problem::invalid("only what is available can be below zero"));
        }
        // What is below zero was sold before it was there: a fact.
        let force = if quantity.is_positive() { Force::Wish } else { Force::Fact };
        let reason = Some(Text::trusted("import"));
        Ok(Movement::Act(Action::Adjust(Adjust {
            place,
            bucket,
            target: Target::Delta(quantity),
            expected_on_hand: None,
            expected_version: None,
            force,
            detail: kept(Detail { reason, ..detail }),
        })))
    }

    fn detail(&self, now: Timestamp) -> Result<Detail, Problem> {
        let day = |day: &Word<'_>| timestamp::parse_day(Field::named("expiryDate"), day.as_str());
        let received = self.received_at.as_ref();
        let said = detail(
            self.reference.as_ref(),
            self.reference_type.as_ref(),
            self.note.as_ref(),
            None,
            now,
        )?;
        let at =
            |at: &Word<'_>| timestamp::parse_occurred(Field::named("receivedAt"), at.as_str(), now);
        Ok(Detail {
            lot: lot_put(self.lot_number.as_ref())?,
            expiry: self.expiry_date.as_ref().map(day).transpose()?,
            unit_cost: money_if(self.unit_cost, Field::named("unitCost"))?,
            occurred_at: received.map(at).transpose()?,
            ..said
        })
    }

    fn wishes(&self) -> Result<Wishes, Problem> {
        let bin = |bin: &Word<'_>| id(Field::named("binId"), bin.as_str(), BinId::parse);
        let numbers = PolicyNumbers {
            min_stock: self.min_stock,
            max_stock: self.max_stock,
            safety_stock: self.safety_stock,
            backorder_limit: self.backorder_limit,
            low_stock_threshold: self.low_stock_threshold,
        };
        Ok(Wishes {
            item: self.item()?,
            location: LocationWish {
                name: text_if(self.location_name.as_ref(), Field::named("locationName"))?,
                kind: reference_if(self.location_type.as_ref(), Field::named("locationType"))?,
                activity: self.location_active.map(|active| match active {
                    true => Activity::Active,
                    false => Activity::Inactive,
                }),
                priority: self.location_priority,
            },
            bin: self.bin_id.as_ref().map(bin).transpose()?,
            policy: numbers.read()?,
        })
    }

    fn item(&self) -> Result<ItemWish, Problem> {
        let numbers = PolicyNumbers {
            min_stock: self.item_min_stock,
            max_stock: self.item_max_stock,
            safety_stock: self.item_safety_stock,
            backorder_limit: self.item_backorder_limit,
            low_stock_threshold: self.item_low_stock_threshold,
        };
        let unit = Field::named("unitOfMeasure");
        Ok(ItemWish {
            sku: reference_if(self.sku.as_ref(), Field::named("sku"))?,
            name: text_if(self.name.as_ref(), Field::named("name"))?,
            product: reference_if(self.product_id.as_ref(), Field::named("productId"))?,
            unit_of_measure: reference_if(self.unit_of_measure.as_ref(), unit)?,
            tracking: self.track_inventory.map(|is_tracked| match is_tracked {
                true => Tracking::Tracked,
                false => Tracking::Untracked,
            }),
            strategy: self.strategy.map(Strategy::from),
            unit_cost: money_if(self.item_unit_cost, Field::named("itemUnitCost"))?,
            policy: numbers.read()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;

    fn row(text: &str) -> Result<Row, Problem> {
        let tenant = TenantId::parse("default").expect("valid");
        Row::parse(text, &tenant)
    }

    fn action(text: &str) -> Action {
        match row(text).expect(text).movement {
            Movement::Act(action) => action,
            Movement::Open(_) => panic!("{text} moves"),
        }
    }

    #[test]
    fn a_quantity_is_a_receipt_and_what_cannot_be_received_an_adjustment() {
        let at = r#""itemId":"tea","locationId":"north""#;
        let Action::Receive(entry) = action(&format!(
            r#"{{{at},"quantity":"2.5","lotNumber":"L1","expiryDate":"2027-01-31","unitCost":3,
            "receivedAt":"1970-01-01T00:00:01Z"}}"#
        )) else {
            panic!("it is a receipt")
        };
        let detail = entry.detail.expect("has words");
        assert_eq!(detail.occurred_at, Some(Timestamp::from_millis(1_000)));
        assert!(detail.lot.is_some() && detail.expiry.is_some() && detail.unit_cost.is_some());
        for (figure, force) in [("-2", Force::Fact), (r#"2,"bucket":"damaged""#, Force::Wish)] {
            let text = format!("{{{at},\"quantity\":{figure}}}");
            let Action::Adjust(adjust) = action(&text) else { panic!("{text} is an adjustment") };
            assert_eq!(adjust.force, force, "{text}");
        }
        for text in [format!("{{{at}}}"), format!("{{{at},\"quantity\":0}}")] {
            assert!(matches!(row(&text).expect(&text).movement, Movement::Open(_)), "{text}");
        }
    }

    #[test]
    fn an_entry_of_a_batch_is_a_row() {
        let text =
            r#"{"op":"count","itemId":"tea","locationId":"north","counted":3,"tenantId":"t"}"#;
        let row = row(text).expect("valid");
        assert_eq!(row.tenant.as_str(), "t");
        assert!(matches!(row.movement, Movement::Act(Action::Count(_))));
    }

    #[test]
    fn every_column_is_a_member() {
        for column in COLUMNS.iter().chain(&WORDS) {
            let text = format!(r#"{{"itemId":"tea","locationId":"north","{column}":null}}"#);
            let refused = row(&text).map(|_| ()).map_err(|problem| problem.detail().to_owned());
            match *column {
                "itemId" | "locationId" => assert!(refused.is_err(), "it stands twice"),
                _ => assert_eq!(refused, Ok(()), "{column}"),
            }
        }
        let members = std::any::type_name::<StockRow<'_>>();
        assert!(members.contains("StockRow"));
    }

    #[test]
    fn wrong_rows_are_refused_with_their_code() {
        let at = r#""itemId":"tea","locationId":"north""#;
        for (text, code) in [
            ("7".to_owned(), Code::InvalidRequest),
            ("{".to_owned(), Code::InvalidRequest),
            (r#"{"itemId":"tea"}"#.to_owned(), Code::InvalidRequest),
            (format!(r#"{{{at},"quantty":1}}"#), Code::InvalidRequest),
            (format!(r#"{{{at},"quantity":"1,5"}}"#), Code::InvalidQuantity),
            (format!(r#"{{{at},"quantity":1,"unitCost":-1}}"#), Code::InvalidQuantity),
            (format!(r#"{{{at},"quantity":-1,"bucket":"damaged"}}"#), Code::InvalidRequest),
            (format!(r#"{{{at},"tenantId":"a/b"}}"#), Code::InvalidId),
            (format!(r#"{{{at},"receivedAt":"yesterday"}}"#), Code::InvalidTime),
            (format!(r#"{{{at},"op":"gift","quantity":1}}"#), Code::InvalidRequest),
        ] {
            assert_eq!(row(&text).expect_err(&text).code(), code, "{text}");
        }
    }
}
