//! What callers say when a promise has to lie elsewhere.

use onhand_domain::command::{Action, RelocatedLine};
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::reservation::ReservationNumber;
use serde::Deserialize;
use utoipa::ToSchema;

use super::request::read_lines;
use crate::http::body::{Object, Word};
use crate::http::decimal::{Decimal, Field, Range, quantity_if};
use crate::http::extract::id;
use crate::http::problem::{Code, Problem};

/// Promises that move.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Relocation<'a> {
    /// What moves; at least one line.
    #[schema(value_type = Vec<MovedLine>, min_items = 1, max_items = 1000)]
    lines: Vec<Object<MovedLine<'a>>>,
}

/// One line of what moves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct MovedLine<'a> {
    /// The item.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    item_id: Word<'a>,
    /// Where it is held.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    from: Word<'a>,
    /// Where it shall be held, another location, which must have the stock.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    to: Word<'a>,
    /// Above zero; all that is open there when absent.
    quantity: Option<Decimal<'a>>,
}

impl MovedLine<'_> {
    fn read(&self, index: usize) -> Result<RelocatedLine, Problem> {
        let field = |name| Field::of_line(index, name);
        let location = |name, word: &Word<'_>| id(field(name), word.as_str(), LocationId::parse);
        let (from, to) = (location("from", &self.from)?, location("to", &self.to)?);
        if from == to {
            let detail = "`from` and `to` are the same location";
            return Err(Problem::field(Code::InvalidRequest, field("to"), detail));
        }
        Ok(RelocatedLine {
            item: id(field("itemId"), self.item_id.as_str(), ItemId::parse)?,
            from,
            to,
            quantity: quantity_if(self.quantity, field("quantity"), Range::Positive)?,
        })
    }
}

impl Relocation<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, reservation: ReservationNumber) -> Result<Action, Problem> {
        let lines = read_lines(&self.lines, |index, line| line.read(index))?;
        Ok(Action::Relocate { reservation, lines })
    }
}
