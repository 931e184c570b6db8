//! What callers say when goods did not leave after all.

use std::sync::Arc;

use onhand_domain::command::{Action, Detail, Goods, Unfulfil};
use onhand_domain::reservation::ReservationNumber;
use serde::Deserialize;
use utoipa::ToSchema;

use super::request::{PickedLine, read_lines};
use crate::http::body::{Object, Word};
use crate::http::catalog::{reference_if, text_if};
use crate::http::decimal::Field;
use crate::http::problem::{Code, Problem};

/// What is put back on the shelf: a shipment by its name, or quantities of what was shipped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct TakeBack<'a> {
    /// All that is left of this shipment; the same one twice: the first answer.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    shipment_id: Option<Word<'a>>,
    /// Quantities, and where they had left; of what was shipped last first.
    #[schema(value_type = Option<Vec<PickedLine>>, min_items = 1, max_items = 1000)]
    lines: Option<Vec<Object<PickedLine<'a>>>>,
    /// Why.
    #[schema(value_type = String, max_length = 1024)]
    reason: Word<'a>,
}

impl TakeBack<'_> {
    /// The command.
    ///
    /// # Errors
    /// 422, naming the field.
    pub(crate) fn action(&self, reservation: ReservationNumber) -> Result<Action, Problem> {
        let field = Field::named("shipmentId");
        let shipment = reference_if(self.shipment_id.as_ref(), field)?;
        let goods = match (shipment, &self.lines) {
            (Some(shipment), None) => Goods::Shipment(shipment),
            (None, Some(lines)) => Goods::Lines(read_lines(lines, |index, line| line.read(index))?),
            _ => {
                let detail = "name either `shipmentId` or `lines`";
                return Err(Problem::field(Code::InvalidRequest, field, detail));
            }
        };
        let reason = text_if(Some(&self.reason), Field::named("reason"))?;
        let detail = Some(Arc::new(Detail { reason, ..Detail::default() }));
        Ok(Action::Unfulfil(Box::new(Unfulfil { reservation, goods, detail })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let told = match parse::<TakeBack<'_>>(body.as_bytes()).map(|body| body.action(7)) {
            Ok(Ok(Action::Unfulfil(wish))) => match wish.goods {
                Goods::Shipment(id) => format!("shipment {id}"),
                Goods::Lines(lines) => format!("{} lines", lines.len()),
            },
            Ok(Ok(other)) => panic!("{other:?}"),
            Ok(Err(problem)) | Err(problem) => format!("{}", problem.status().as_u16()),
        };
        assert_eq!(told, expected, "{body}");
    }

    #[test]
    fn a_shipment_or_lines_are_named_and_a_reason() {
        let line = r#"[{"itemId":"tea","locationId":"north","quantity":1}]"#;
        check(r#"{"shipmentId":"S-1","reason":"x"}"#, "shipment S-1");
        check(&format!(r#"{{"lines":{line},"reason":"x"}}"#), "1 lines");
        check(&format!(r#"{{"shipmentId":"S-1","lines":{line},"reason":"x"}}"#), "422");
        check(r#"{"reason":"x"}"#, "422");
        check(r#"{"lines":[],"reason":"x"}"#, "422");
        check(r#"{"shipmentId":"S-1"}"#, "400");
    }
}
