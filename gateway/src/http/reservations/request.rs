//! What callers say about reservations.

use onhand_domain::command::{
    Action, Backorder, Completeness, Detail, Force, Fulfil, Place, ReleasedLine, RequestedLine,
    Reserve, Rest, ShippedLine, Wanted,
};
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::limits::LINES_MAX;
use onhand_domain::quantity::ONE;
use onhand_domain::reservation::ReservationNumber;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

use crate::http::body::{Object, Word, given};
use crate::http::catalog::{reference_if, text_if};
use crate::http::decimal::{Decimal, Field, Range};
use crate::http::extract::id;
use crate::http::problem::{Code, Problem};
use crate::http::stock::lot_named;
use crate::http::timestamp;
use crate::http::whole::Whole;

/// Seconds until a reservation ends by itself, unless told otherwise.
const TTL_SECONDS_DEFAULT: i64 = 900;
/// Longest time to live: a hundred years, so that every deadline has a date.
const TTL_SECONDS_MAX: i64 = 100 * 366 * 86_400;
const TTL: Field = Field::named("ttlSeconds");

/// How a reservation may use backorder room.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BackorderWord {
    /// As far as the policy of the position grants it.
    Policy,
    /// Not at all.
    Never,
    /// Without limit.
    Always,
}

impl From<BackorderWord> for Backorder {
    fn from(word: BackorderWord) -> Self {
        match word {
            BackorderWord::Policy => Self::Policy,
            BackorderWord::Never => Self::Never,
            BackorderWord::Always => Self::Always,
        }
    }
}

/// Stock that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct ReservationBody<'a> {
    /// The order it is promised to.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    order_id: Option<Word<'a>>,
    /// The customer.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    customer_id: Option<Word<'a>>,
    /// The shop or terminal that asks.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    local_id: Option<Word<'a>>,
    /// When the goods are needed.
    #[schema(value_type = Option<String>, format = DateTime)]
    required_at: Option<Word<'a>>,
    /// Seconds until it ends by itself, above zero; `null`: never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>, default = 900)]
    ttl_seconds: Option<Option<Decimal<'a>>>,
    /// Whether less than all will do, but something.
    #[schema(default = false)]
    allow_partial: Option<bool>,
    /// Locations that one line may be split over; any number when absent.
    #[schema(value_type = Option<u32>, minimum = 1)]
    max_splits: Option<Whole<u32>>,
    /// Use of backorder room.
    backorder: Option<BackorderWord>,
    /// What is wanted; at least one line.
    #[schema(value_type = Vec<WantedLine>, min_items = 1, max_items = 1000)]
    lines: Vec<Object<WantedLine<'a>>>,
}

/// One line of what is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct WantedLine<'a> {
    /// The item.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    item_id: Word<'a>,
    /// How much; above zero in a reservation, zero releases when lines are set.
    quantity: Decimal<'a>,
    /// Only there.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    location_id: Option<Word<'a>>,
    /// There if it serves the whole line, else wherever is best.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    preferred_location_id: Option<Word<'a>>,
    /// The lot.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    lot_number: Option<Word<'a>>,
}

impl WantedLine<'_> {
    fn read(&self, index: usize, range: Range) -> Result<RequestedLine, Problem> {
        let field = |name| Field::of_line(index, name);
        let location = |name, word: &Word<'_>| id(field(name), word.as_str(), LocationId::parse);
        let wanted = match (&self.location_id, &self.preferred_location_id) {
            (None, None) => Wanted::Anywhere,
            (Some(only), None) => Wanted::Only(location("locationId", only)?),
            (None, Some(first)) => Wanted::Preferred(location("preferredLocationId", first)?),
            (Some(_), Some(_)) => {
                let field = field("preferredLocationId");
                let detail = format!("`{field}` makes no sense beside `locationId`");
                return Err(Problem::field(Code::InvalidRequest, field, detail));
            }
        };
        Ok(RequestedLine {
            item: id(field("itemId"), self.item_id.as_str(), ItemId::parse)?,
            quantity: self.quantity.quantity(field("quantity"), range)?,
            wanted,
            lot: lot_named(self.lot_number.as_ref(), field("lotNumber"))?,
        })
    }
}

/// Reads lines, of which there must be at least one and at most 1,000.
pub(super) fn read_lines<T, R>(
    lines: &[Object<T>],
    read: impl Fn(usize, &T) -> Result<R, Problem>,
) -> Result<Vec<R>, Problem> {
    if lines.is_empty() {
        let detail = "`lines` must hold at least one line";
        return Err(Problem::field(Code::InvalidRequest, Field::named("lines"), detail));
    }
    if lines.len() > LINES_MAX as usize {
        return Err(Problem::limit(LINES_MAX as usize, "lines per reservation"));
    }
    lines.iter().enumerate().map(|(index, line)| read(index, &line.0)).collect()
}

/// Seconds above zero, as milliseconds.
fn ttl_ms(seconds: Decimal<'_>) -> Result<i64, Problem> {
    // A time is no quantity: whatever is wrong with it is told as a wrong request.
    let refuse = |_: Problem| {
        let detail = format!(
            "`{TTL}` must be a number of seconds above zero and up to {TTL_SECONDS_MAX}, or null"
        );
        Problem::field(Code::InvalidRequest, TTL, detail)
    };
    let seconds = seconds.quantity(TTL, Range::Positive).map_err(refuse)?;
    let millis = seconds.millionths() / (ONE / 1_000);
    if (1..=TTL_SECONDS_MAX * 1_000).contains(&millis) {
        Ok(millis)
    } else {
        Err(refuse(Problem::invalid("")))
    }
}

impl ReservationBody<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self) -> Result<Action, Problem> {
        let required = self.required_at.as_ref();
        let required = required.map(|at| timestamp::parse(Field::named("requiredAt"), at.as_str()));
        if self.max_splits == Some(Whole(0)) {
            let field = Field::named("maxSplits");
            return Err(Problem::field(
                Code::InvalidRequest,
                field,
                "`maxSplits` must be above zero",
            ));
        }
        Ok(Action::Reserve(Box::new(Reserve {
            order: reference_if(self.order_id.as_ref(), Field::named("orderId"))?,
            customer: reference_if(self.customer_id.as_ref(), Field::named("customerId"))?,
            local: reference_if(self.local_id.as_ref(), Field::named("localId"))?,
            required_at: required.transpose()?,
            ttl_ms: match self.ttl_seconds {
                None => Some(TTL_SECONDS_DEFAULT * 1_000),
                Some(None) => None,
                Some(Some(seconds)) => Some(ttl_ms(seconds)?),
            },
            completeness: match self.allow_partial {
                Some(true) => Completeness::Partial,
                _ => Completeness::Whole,
            },
            max_splits: self.max_splits.map(|most| most.0),
            backorder: self.backorder.map(Backorder::from).unwrap_or_default(),
            lines: read_lines(&self.lines, |index, line| line.read(index, Range::Positive))?,
        })))
    }
}

/// One line at one place, under the seeds' name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct AllocationBody<'a> {
    /// The order it is promised to.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    order_id: Word<'a>,
    /// The item.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    item_id: Word<'a>,
    /// Above zero.
    quantity: Decimal<'a>,
    /// Only there; the best single location when absent.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    location_id: Option<Word<'a>>,
}

impl AllocationBody<'_> {
    /// The command: a reservation of one line at one location, because an allocation has one location.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self) -> Result<Action, Problem> {
        let location = self.location_id.as_ref();
        let location =
            location.map(|word| id(Field::named("locationId"), word.as_str(), LocationId::parse));
        Ok(Action::Reserve(Box::new(Reserve {
            order: reference_if(Some(&self.order_id), Field::named("orderId"))?,
            customer: None,
            local: None,
            required_at: None,
            ttl_ms: Some(TTL_SECONDS_DEFAULT * 1_000),
            completeness: Completeness::Whole,
            max_splits: Some(1),
            backorder: Backorder::Policy,
            lines: vec![RequestedLine {
                item: id(Field::named("itemId"), self.item_id.as_str(), ItemId::parse)?,
                quantity: self.quantity.quantity(Field::named("quantity"), Range::Positive)?,
                wanted: location.transpose()?.map_or(Wanted::Anywhere, Wanted::Only),
                lot: None,
            }],
        })))
    }
}

/// A new deadline.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Extension<'a> {
    /// Seconds from now, above zero.
    #[schema(value_type = f64)]
    ttl_seconds: Decimal<'a>,
}

impl Extension<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422 `INVALID_REQUEST`.
    pub(crate) fn action(&self, reservation: ReservationNumber) -> Result<Action, Problem> {
        Ok(Action::Extend { reservation, ttl_ms: ttl_ms(self.ttl_seconds)? })
    }
}

/// New quantities of lines.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct LineChanges<'a> {
    /// The lines that change, also new ones; a quantity of zero releases.
    #[schema(value_type = Vec<WantedLine>, min_items = 1, max_items = 1000)]
    lines: Vec<Object<WantedLine<'a>>>,
}

impl LineChanges<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, reservation: ReservationNumber) -> Result<Action, Problem> {
        let lines = read_lines(&self.lines, |index, line| line.read(index, Range::NotNegative))?;
        Ok(Action::SetLines { reservation, lines })
    }
}

/// A shipment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Fulfilment<'a> {
    /// Name of the shipment; the same one is booked once.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    shipment_id: Option<Word<'a>>,
    /// What is shipped; all that is open, from where it is held, when absent.
    #[schema(value_type = Option<Vec<PickedLine>>, min_items = 1, max_items = 1000)]
    lines: Option<Vec<Object<PickedLine<'a>>>>,
    /// Whether the rest is released.
    #[schema(default = false)]
    close_rest: Option<bool>,
    /// A fact: booked even when the stock is not on the shelf.
    #[schema(default = false)]
    force: Option<bool>,
}

/// One line of a shipment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct PickedLine<'a> {
    /// The item.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    item_id: Word<'a>,
    /// Where it was picked; may be another location than the one that holds it.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    location_id: Word<'a>,
    /// Above zero.
    quantity: Decimal<'a>,
    /// The lot it was picked from.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    lot_number: Option<Word<'a>>,
}

impl PickedLine<'_> {
    pub(super) fn read(&self, index: usize) -> Result<ShippedLine, Problem> {
        let field = |name| Field::of_line(index, name);
        Ok(ShippedLine {
            place: Place {
                item: id(field("itemId"), self.item_id.as_str(), ItemId::parse)?,
                location: id(field("locationId"), self.location_id.as_str(), LocationId::parse)?,
            },
            quantity: self.quantity.quantity(field("quantity"), Range::Positive)?,
            lot: lot_named(self.lot_number.as_ref(), field("lotNumber"))?,
        })
    }
}

impl Fulfilment<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, reservation: ReservationNumber) -> Result<Action, Problem> {
        let lines = self.lines.as_ref();
        let lines = lines.map(|lines| read_lines(lines, |index, line| line.read(index)));
        Ok(Action::Fulfil(Box::new(Fulfil {
            reservation,
            shipment: reference_if(self.shipment_id.as_ref(), Field::named("shipmentId"))?,
            lines: lines.transpose()?,
            rest: if self.close_rest == Some(true) { Rest::Close } else { Rest::Keep },
            force: if self.force == Some(true) { Force::Fact } else { Force::Wish },
            detail: None,
        })))
    }
}

/// What is given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Cancellation<'a> {
    /// Why.
    #[schema(value_type = Option<String>, max_length = 1024)]
    reason: Option<Word<'a>>,
    /// What is released; all that is open when absent.
    #[schema(value_type = Option<Vec<ReleasedPart>>, min_items = 1, max_items = 1000)]
    lines: Option<Vec<Object<ReleasedPart<'a>>>>,
}

/// One line of what is given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct ReleasedPart<'a> {
    /// The item.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    item_id: Word<'a>,
    /// The location; any line of the item, in their order, when absent.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    location_id: Option<Word<'a>>,
    /// Above zero.
    quantity: Decimal<'a>,
    /// The lot.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    lot_number: Option<Word<'a>>,
}

impl ReleasedPart<'_> {
    fn read(&self, index: usize) -> Result<ReleasedLine, Problem> {
        let field = |name| Field::of_line(index, name);
        let location = self.location_id.as_ref();
        let location =
            location.map(|word| id(field("locationId"), word.as_str(), LocationId::parse));
        Ok(ReleasedLine {
            item: id(field("itemId"), self.item_id.as_str(), ItemId::parse)?,
            location: location.transpose()?,
            lot: lot_named(self.lot_number.as_ref(), field("lotNumber"))?,
            quantity: self.quantity.quantity(field("quantity"), Range::Positive)?,
        })
    }
}

impl Cancellation<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, reservation: ReservationNumber) -> Result<Action, Problem> {
        let lines = self.lines.as_ref();
        let lines = lines.map(|lines| read_lines(lines, |index, line| line.read(index)));
        let reason = text_if(self.reason.as_ref(), Field::named("reason"))?;
        let detail =
            reason.map(|reason| Arc::new(Detail { reason: Some(reason), ..Detail::default() }));
        Ok(Action::Cancel { reservation, lines: lines.transpose()?, detail })
    }
}
