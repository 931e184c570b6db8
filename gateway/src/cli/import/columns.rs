//! What the columns of a CSV file mean: fields of a row, by their header.

use serde_json::{Map, Value};

use crate::exit::{Exit, Stop};
use crate::import::row::{COLUMNS, REJECTED, WORDS};

/// The field that makes a row an entry of `POST /v1/stock:batch`.
const OP: &str = "op";
/// Fields that are true or false in JSON.
const TRUTHS: [&str; 3] = ["trackInventory", "locationActive", "force"];
/// Fields that are whole numbers in JSON.
const INTEGERS: [&str; 2] = ["locationPriority", "expectedVersion"];

/// What was said about the columns on the command line.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// Column of the file, and field.
    pub(super) map: Vec<(String, String)>,
    /// Columns of no concern.
    pub(super) skip: Vec<String>,
    /// Location of rows that name none.
    pub(super) location: Option<String>,
}

/// Fields by column; `None`: of no concern.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    fields: Vec<Option<String>>,
    location: Option<String>,
}

/// Headers are compared without case, blanks, dashes and underscores: `Item ID` is `itemId`.
fn plain(name: &str) -> String {
    name.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Columns {
    /// Reads a header.
    ///
    /// # Errors
    /// A column that nobody knows: it would be lost in silence.
    pub(super) fn of(header: &csv::StringRecord, choice: &Choice) -> Result<Self, Stop> {
        let wrong = |message: String| Stop::new(Exit::FileUnreadable, message);
        for column in choice.map.iter().map(|(column, _)| column).chain(&choice.skip) {
            if !header.iter().any(|held| held == column) {
                return Err(wrong(format!("the file has no column `{column}`")));
            }
        }
        let is_entry = header.iter().any(|name| plain(name) == OP);
        let known = || COLUMNS.iter().chain(&WORDS).chain(&[OP]).copied();
        let mut fields: Vec<Option<String>> = Vec::new();
        for name in header {
            let mapped = choice.map.iter().find(|(column, _)| column == name);
            let wanted = mapped.map_or(name, |(_, field)| field);
            let field = known().find(|field| plain(field) == plain(wanted)).map(str::to_owned);
            let is_ours = REJECTED.iter().any(|ours| plain(ours) == plain(name));
            if choice.skip.iter().any(|skipped| skipped == name) || is_ours {
                fields.push(None);
                continue;
            }
            // An entry has fields of its own, which are read with the entry.
            let field = field.or_else(|| is_entry.then(|| wanted.to_owned())).ok_or_else(|| {
                wrong(format!(
                    "the column `{name}` is unknown: --map '{name}=FIELD' names it, --skip '{name}' \
                     leaves it out; fields are {}",
                    known().collect::<Vec<_>>().join(", ")
                ))
            })?;
            if fields.contains(&Some(field.clone())) {
                return Err(wrong(format!("two columns are `{field}`")));
            }
            fields.push(Some(field));
        }
        Ok(Self { fields, location: choice.location.clone() })
    }

    /// How many columns there are.
    pub(super) fn count(&self) -> usize {
        self.fields.len()
    }

    /// Place of a field.
    pub(super) fn place_of(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|held| held.as_deref() == Some(field))
    }

    /// A row as JSON; an empty cell is an absent field.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub(super) fn row(&self, cells: &csv::StringRecord) -> Result<String, String> {
        if cells.len() != self.count() {
            let (found, wanted) = (cells.len(), self.count());
            return Err(format!("it has {found} cells, the header has {wanted}"));
        }
        let mut members = Map::new();
        for (field, cell) in self.fields.iter().zip(cells) {
            let Some(field) = field else { continue };
            let cell = cell.trim();
            if !cell.is_empty() {
                members.insert(field.clone(), value(field, cell));
            }
        }
        if let Some(location) = &self.location {
            let default = || Value::from(location.as_str());
            members.entry("locationId").or_insert_with(default);
        }
        Ok(Value::Object(members).to_string())
    }
}

/// What cannot be read is left a text, and refused as such.
fn value(field: &str, cell: &str) -> Value {
    if TRUTHS.contains(&field) {
        return match cell.to_lowercase().as_str() {
            "true" | "yes" | "1" => Value::Bool(true),
            "false" | "no" | "0" => Value::Bool(false),
            _ => Value::from(cell),
        };
    }
    let whole = INTEGERS.contains(&field).then(|| cell.parse::<i64>().ok()).flatten();
    whole.map_or_else(|| Value::from(cell), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str, choice: &Choice) -> Result<Columns, String> {
        let header: csv::StringRecord = header.split(',').collect();
        Columns::of(&header, choice).map_err(|stop| stop.message)
    }

    fn row(columns: &Columns, cells: &str) -> Result<Value, String> {
        let cells: csv::StringRecord = cells.split(',').collect();
        columns.row(&cells).map(|text| serde_json::from_str(&text).expect("JSON"))
    }

    #[test]
    fn headers_are_known_however_they_are_written() {
        let columns = columns("Item ID,LOCATION_ID,quantity,rejected", &Choice::default()).unwrap();
        let read = row(&columns, " tea ,north,1.5,it was bad").unwrap();
        assert_eq!(read, serde_json::json!({"itemId":"tea","locationId":"north","quantity":"1.5"}));
        assert_eq!(columns.place_of("quantity"), Some(2));
        assert!(row(&columns, "tea,north").unwrap_err().contains("2 cells"));
    }

    #[test]
    fn columns_are_mapped_skipped_or_refused() {
        let choice = Choice {
            map: vec![("Menge".to_owned(), "quantity".to_owned())],
            skip: vec!["Farbe".to_owned()],
            location: Some("north".to_owned()),
        };
        let mapped = columns("itemId,Menge,Farbe", &choice).unwrap();
        let read = row(&mapped, "tea,2,red").unwrap();
        assert_eq!(read, serde_json::json!({"itemId":"tea","quantity":"2","locationId":"north"}));
        for (header, choice, message) in [
            ("itemId,colour", Choice::default(), "`colour` is unknown"),
            ("itemId,item_id", Choice::default(), "two columns"),
            ("itemId", choice, "no column `Menge`"),
        ] {
            let refused = columns(header, &choice).unwrap_err();
            assert!(refused.contains(message), "{header}: {refused}");
        }
    }

    #[test]
    fn an_entry_brings_fields_of_its_own() {
        let columns = columns("op,itemId,locationId,counted,force", &Choice::default()).unwrap();
        let read = row(&columns, "count,tea,north,3,yes").unwrap();
        assert_eq!((&read["counted"], &read["force"]), (&Value::from("3"), &Value::Bool(true)));
    }

    #[test]
    fn truths_and_integers_are_what_they_are_in_json() {
        let columns = columns("trackInventory,locationPriority", &Choice::default()).unwrap();
        for (cells, expected) in [
            ("TRUE,-7", serde_json::json!({"trackInventory":true,"locationPriority":-7})),
            ("no,x", serde_json::json!({"trackInventory":false,"locationPriority":"x"})),
            ("perhaps,", serde_json::json!({"trackInventory":"perhaps"})),
        ] {
            assert_eq!(row(&columns, cells).unwrap(), expected, "{cells}");
        }
    }
}
