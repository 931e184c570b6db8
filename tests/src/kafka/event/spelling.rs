//! Names in other spellings than camelCase.

use serde_json::Value;

/// `SaleCompleted` as `SALE_COMPLETED`.
pub(super) fn upper_snake(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// `SaleCompleted` as `sale.completed`.
pub(super) fn dotted(name: &str) -> String {
    snake(name).replace('_', ".")
}

/// The same value with the names of members as `dotted` has them, at every depth.
pub(super) fn with_dotted_names(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let renamed =
                members.iter().map(|(name, value)| (member(name), with_dotted_names(value)));
            Value::Object(renamed.collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(with_dotted_names).collect()),
        other => other.clone(),
    }
}

fn member(name: &str) -> String {
    match name {
        "itemId" => "variant_id".to_owned(),
        _ => snake(name).replace("location_id", "warehouse_id"),
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for sign in name.chars() {
        if sign.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(sign.to_ascii_lowercase());
    }
    snake
}

#[test]
fn names_are_spelled_anew() {
    assert_eq!(upper_snake("SaleCompleted"), "SALE_COMPLETED");
    assert_eq!(dotted("CatalogVariantCreated"), "catalog.variant.created");
    let value = serde_json::json!({"toLocationId": 1, "lines": [{"itemId": 2, "lotNumber": 3}]});
    let expected =
        serde_json::json!({"to_warehouse_id": 1, "lines": [{"variant_id": 2, "lot_number": 3}]});
    assert_eq!(with_dotted_names(&value), expected);
}
