use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::IntoResponses;

use super::*;
use crate::http::json::Json;
use crate::http::samples::{
    SampleNames, change, changed, position_change, position_view, reservation,
};

/// Names of the properties that a schema describes, and of those that it requires.
fn described<T: PartialSchema>() -> (BTreeSet<String>, BTreeSet<String>) {
    let schema = serde_json::to_value(T::schema()).expect("a schema is JSON");
    let properties = schema["properties"].as_object().expect("an object");
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let required = required.iter().filter_map(Value::as_str).map(str::to_owned);
    (properties.keys().cloned().collect(), required.collect())
}

/// An answer as it is written must have every required member and none that is not described.
#[track_caller]
fn check<T: PartialSchema>(written: &Value) {
    let members: BTreeSet<String> =
        written.as_object().expect("an object").keys().cloned().collect();
    let (described, required) = described::<T>();
    let unknown: Vec<_> = members.difference(&described).collect();
    assert!(unknown.is_empty(), "not described: {unknown:?}");
    let missing: Vec<_> = required.difference(&members).collect();
    assert!(missing.is_empty(), "required, but not written: {missing:?}");
}

fn value(write: impl FnOnce(&mut Json)) -> Value {
    let mut json = Json::default();
    write(&mut json);
    serde_json::from_slice(&json.into_bytes()).expect("JSON")
}

#[test]
fn positions_are_written_as_described() {
    use crate::http::positions::Shown;
    use onhand_domain::ids::BinId;
    use onhand_domain::policy::{BackorderLimit, Policy};
    use onhand_domain::quantity::Quantity;

    let mut view = position_view();
    let one = Some(Quantity::units(1));
    let show = |view: &_| value(|json| json.object(|json| Shown::from(view).write(json)));
    check::<Position>(&show(&view));
    view.bin = BinId::parse("A-1").ok();
    view.effective = Policy {
        min_stock: one,
        max_stock: one,
        safety_stock: one,
        backorder_limit: Some(BackorderLimit::Unlimited),
        low_stock_threshold: one,
    };
    let whole = value(|json| {
        json.object(|json| {
            Shown::from(&view).write(json);
            crate::http::lots::write(&[], json);
        });
    });
    check::<Position>(&whole);
    assert_eq!(whole.as_object().map(serde_json::Map::len), Some(described::<Position>().0.len()));
}

#[test]
fn reservations_are_written_as_described() {
    let mut held = reservation(42);
    held.order = None;
    let plain = value(|json| crate::http::reservations::write(&held, 1, &SampleNames, json));
    check::<Reservation>(&plain);
    check::<ReservationLine>(&plain["lines"][0]);
}

#[test]
fn items_and_stock_writes_are_written_as_described() {
    use onhand_domain::change::Cause;

    let item = crate::http::samples::item("tea");
    check::<Item>(&value(|json| crate::http::catalog::items::write(&item, json)));
    let mut made = change(Cause::Returned);
    made.exceeds_shipped = true;
    made.positions.push(position_change());
    let answer = value(|json| {
        let write = crate::http::stock::STOCK.write;
        write(&changed(made), &SampleNames, json).expect("it can be shown");
    });
    check::<StockAnswer>(&answer);
    check::<Position>(&answer["position"]);
}

#[test]
fn every_problem_is_described() {
    let reads = ReadProblems::responses();
    let writes = WriteProblems::responses();
    assert!(reads.keys().all(|status| writes.contains_key(status)));
    for status in ["400", "404", "409", "413", "415", "422", "429", "500", "503"] {
        let response = serde_json::to_value(&writes[status]).expect("JSON");
        let content = &response["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(content, "#/components/schemas/Problem", "{status}");
    }
}
