//! Rows of JSON as rows of CSV.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::value::RawValue;

use crate::import::row::COLUMNS;

/// Writes rows under a header.
pub(super) struct CsvRows<W: Write> {
    csv: csv::Writer<W>,
    cells: Vec<String>,
}

impl<W: Write> CsvRows<W> {
    /// Writes the header.
    pub(super) fn begin(out: W) -> io::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(COLUMNS).map_err(io_error)?;
        Ok(Self { csv, cells: vec![String::new(); COLUMNS.len()] })
    }

    /// Writes a row; a member that is absent is an empty cell, figures keep their digits.
    pub(super) fn put(&mut self, row: &RawValue) -> io::Result<()> {
        let members: HashMap<&str, &RawValue> = serde_json::from_str(row.get())?;
        for (cell, column) in self.cells.iter_mut().zip(COLUMNS) {
            cell.clear();
            match members.get(column).map(|value| value.get()) {
                None => {}
                Some(text) if text.starts_with('"') => *cell = serde_json::from_str(text)?,
                Some(text) => cell.push_str(text),
            }
        }
        self.csv.write_record(&self.cells).map_err(io_error)
    }

    /// All of it is written.
    pub(super) fn end(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_their_columns() {
        let mut rows = CsvRows::begin(Vec::new()).unwrap();
        for row in [
            r#"{"quantity":1.50,"itemId":"te\"a","note":"no column","name":"a, b\nc"}"#,
            r#"{"itemId":"tea","trackInventory":true,"backorderLimit":"unlimited"}"#,
        ] {
            rows.put(&RawValue::from_string(row.to_owned()).unwrap()).unwrap();
        }
        let text = String::from_utf8(rows.end().unwrap()).unwrap();
        let mut read = csv::Reader::from_reader(text.as_bytes());
        let headers = read.headers().unwrap().clone();
        let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
        let rows: Vec<csv::StringRecord> = read.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!((&rows[0][at("itemId")], &rows[0][at("quantity")]), ("te\"a", "1.50"));
        assert_eq!((&rows[0][at("name")], &rows[0][at("sku")]), ("a, b\nc", ""));
        assert_eq!((&rows[1][at("trackInventory")], &rows[1][at("quantity")]), ("true", ""));
        assert_eq!(&rows[1][at("backorderLimit")], "unlimited");
    }
}
