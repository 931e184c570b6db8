//! The file of rows that were not taken: as they were, with line and reason before them. Mended, it can be
//! imported like any other.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use serde_json::value::RawValue;

use super::columns::Columns;
use super::file::{Original, Rows};
use crate::exit::{Stop, exit_of_io};
use crate::import::row::REJECTED;

/// A row that was not taken.
#[derive(Debug)]
pub(super) struct Reject {
    /// Its line.
    pub(super) line: u64,
    /// As it stands in the file.
    pub(super) original: Original,
    /// Why not.
    pub(super) reason: String,
    /// Its stock was booked all the same, and must not be booked again.
    pub(super) is_booked: bool,
}

/// The file, under its temporary name.
pub(super) struct Rejects {
    path: PathBuf,
    draft: PathBuf,
    out: Out,
    /// Rows in it.
    pub(super) count: u64,
}

enum Out {
    /// `ours`: columns that a file of rejected rows has already.
    Csv {
        csv: Box<csv::Writer<File>>,
        quantity: Option<usize>,
        ours: Vec<bool>,
    },
    Lines(BufWriter<File>),
}

/// `stock.csv` → `stock.rejected.csv`.
fn path_of(file: &Path) -> PathBuf {
    let ending = file.extension().map(|it| it.to_string_lossy().into_owned());
    file.with_extension(format!("rejected.{}", ending.as_deref().unwrap_or("rows")))
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

impl Rejects {
    /// Begins the file beside the one that is imported.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn begin(file: &Path, rows: &Rows) -> Result<Self, Stop> {
        let path = path_of(file);
        let draft = suffixed(&path, ".new");
        let failed = |error: io::Error| fault(&draft, &error);
        let opened = File::create(&draft).map_err(failed)?;
        let out = match rows.header() {
            None => Out::Lines(BufWriter::new(opened)),
            Some((header, columns)) => Out::csv(opened, header, columns).map_err(failed)?,
        };
        Ok(Self { path, draft, out, count: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn put(&mut self, reject: &Reject) -> Result<(), Stop> {
        self.count += 1;
        self.out.put(reject).map_err(|error| fault(&self.draft, &error))
    }

    /// Gives the file its name, durably, when it holds anything. One that was there before and differs
    /// is kept as `….old`: somebody may be mending it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn end(self) -> Result<Option<PathBuf>, Stop> {
        let Self { path, draft, out, count } = self;
        let failed = |error: io::Error| fault(&path, &error);
        out.end().map_err(failed)?.sync_all().map_err(failed)?;
        if count == 0 {
            std::fs::remove_file(&draft).map_err(failed)?;
            return Ok(None);
        }
        if path.exists() && std::fs::read(&path).ok() != std::fs::read(&draft).ok() {
            std::fs::rename(&path, suffixed(&path, ".old")).map_err(failed)?;
        }
        std::fs::rename(&draft, &path).map_err(failed)?;
        Ok(Some(path))
    }
}

fn fault(path: &Path, error: &io::Error) -> Stop {
    Stop::new(exit_of_io(error), format!("{}: {error}", path.display()))
}

impl Out {
    fn csv(file: File, header: &csv::StringRecord, columns: &Columns) -> io::Result<Self> {
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(file);
        let ours: Vec<bool> = header.iter().map(|name| REJECTED.contains(&name)).collect();
        let names = header.iter().zip(&ours).filter(|(_, ours)| !**ours).map(|(name, _)| name);
        csv.write_record(REJECTED.into_iter().chain(names)).map_err(io_error)?;
        Ok(Self::Csv { csv: Box::new(csv), quantity: columns.place_of("quantity"), ours })
    }

    fn put(&mut self, reject: &Reject) -> io::Result<()> {
        match self {
            Self::Csv { csv, quantity, ours } => {
                let Original::Cells(cells) = &reject.original else { return Ok(()) };
                let blank = quantity.filter(|_| reject.is_booked);
                let line = reject.line.to_string();
                let is_theirs = |at: usize| !ours.get(at).is_some_and(|ours| *ours);
                let cells = cells.iter().enumerate().filter(|(at, _)| is_theirs(*at));
                let cells = cells.map(|(at, cell)| if blank == Some(at) { "" } else { cell });
                let before = [line.as_str(), reject.reason.as_str()];
                csv.write_record(before.into_iter().chain(cells)).map_err(io_error)
            }
            Self::Lines(out) => {
                let Original::Text(text) = &reject.original else { return Ok(()) };
                writeln!(out, "{}", told(text, reject))
            }
        }
    }

    fn end(self) -> io::Result<File> {
        match self {
            Self::Csv { csv, .. } => csv.into_inner().map_err(|error| error.into_error()),
            Self::Lines(out) => out.into_inner().map_err(|error| error.into_error()),
        }
    }
}

/// A line with its line number and reason; what is no object stands in a text. Figures keep their digits.
fn told(text: &str, reject: &Reject) -> String {
    type Members = BTreeMap<String, Box<RawValue>>;
    let raw = |value: Value| RawValue::from_string(value.to_string()).expect("JSON is JSON");
    let as_text = || Members::from([("text".to_owned(), raw(Value::from(text)))]);
    let mut members = serde_json::from_str::<Members>(text).unwrap_or_else(|_| as_text());
    let [line, reason] = REJECTED;
    members.insert(line.to_owned(), raw(Value::from(reject.line)));
    members.insert(reason.to_owned(), raw(Value::from(reject.reason.as_str())));
    if reject.is_booked {
        members.remove("quantity");
    }
    serde_json::to_string(&members).expect("texts and JSON can be written")
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Choice;
    use super::super::file::Form;
    use super::*;

    /// Rejects every row of a file for the same reason and returns the file of rejected rows.
    fn reject_all(name: &str, content: &str, is_booked: bool) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let form = Form::of_ending(name.rsplit('.').next().unwrap()).unwrap();
        let columns = |header: &csv::StringRecord| Columns::of(header, &Choice::default());
        let mut rows = Rows::open(&path, form, None, &columns).map_err(|it| it.message).unwrap();
        let mut rejects = Rejects::begin(&path, &rows).map_err(|it| it.message).unwrap();
        while let Some(row) = rows.next().map_err(|it| it.message).unwrap() {
            let (line, original) = (row.line, row.original);
            let reason = "why, \"not\"".to_owned();
            let reject = Reject { line, original, reason, is_booked };
            rejects.put(&reject).map_err(|it| it.message).unwrap();
        }
        let path = rejects.end().map_err(|it| it.message).unwrap().expect("has rows");
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn rows_stay_as_they_were_behind_line_and_reason() {
        let text = reject_all("x.csv", "itemId,quantity\n\"a,b\",1.10\nlonger,2,3\n", false);
        let expected = "rejectedLine,rejected,itemId,quantity\n\
                        2,\"why, \"\"not\"\"\",\"a,b\",1.10\n3,\"why, \"\"not\"\"\",longer,2,3\n";
        assert_eq!(text, expected);
        // Once more, from the file of rejected rows itself.
        let again = reject_all("x.rejected.csv", expected, true);
        assert!(again.starts_with("rejectedLine,rejected,itemId,quantity\n"), "{again}");
        assert!(again.contains("2,\"why, \"\"not\"\"\",\"a,b\",\n"), "{again}");
    }

    #[test]
    fn lines_of_json_keep_their_digits() {
        let text = "{\"quantity\":12345678901.123450,\"rejected\":\"old\"}\nno json\n";
        let rejected = reject_all("x.ndjson", text, false);
        let lines: Vec<&str> = rejected.lines().collect();
        let first = r#"{"quantity":12345678901.123450,"rejected":"why, \"not\"","rejectedLine":1}"#;
        assert_eq!(lines[0], first);
        let second = r#"{"rejected":"why, \"not\"","rejectedLine":2,"text":"no json"}"#;
        assert_eq!(lines[1], second);
        assert!(!reject_all("x.ndjson", text, true).contains("12345678901"), "it was booked");
    }

    #[test]
    fn a_file_that_somebody_may_be_mending_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.ndjson");
        std::fs::write(&path, "{}\n").unwrap();
        std::fs::write(directory.path().join("x.rejected.ndjson"), "mended").unwrap();
        let columns = |header: &csv::StringRecord| Columns::of(header, &Choice::default());
        let rows =
            Rows::open(&path, Form::Ndjson, None, &columns).map_err(|it| it.message).unwrap();
        let mut rejects = Rejects::begin(&path, &rows).map_err(|it| it.message).unwrap();
        let original = Original::Text("{}".to_owned());
        let reject = Reject { line: 1, original, reason: "x".to_owned(), is_booked: false };
        rejects.put(&reject).map_err(|it| it.message).unwrap();
        rejects.end().map_err(|it| it.message).unwrap();
        let old = std::fs::read_to_string(directory.path().join("x.rejected.ndjson.old")).unwrap();
        assert_eq!(old, "mended");
    }
}
