//! Rows of a file, in their order, each with its line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::columns::Columns;
use super::unreadable;
use crate::exit::{Exit, Stop};

/// Longest line of NDJSON; of a longer one only the beginning is kept.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// The mark that some programs put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Comma-separated, with a header
    Csv,
    /// One JSON object per line
    Ndjson,
}

impl Form {
    /// The form that an ending stands for.
    pub(super) fn of_ending(ending: &str) -> Option<Self> {
        match ending.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// A row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Original {
    /// Its cells.
    Cells(csv::StringRecord),
    /// Its text.
    Text(String),
}

/// A row.
#[derive(Debug)]
pub(super) struct FileRow {
    /// Its line, from 1.
    pub(super) line: u64,
    /// As it stands there.
    pub(super) original: Original,
    /// As JSON, or what is wrong with it.
    pub(super) json: Result<String, String>,
}

/// The rows of a file.
pub(super) struct Rows {
    path: PathBuf,
    /// Its length.
    pub(super) bytes: u64,
    reader: Reader,
}

enum Reader {
    Csv { csv: Box<csv::Reader<BufReader<File>>>, header: csv::StringRecord, columns: Columns },
    Lines { file: BufReader<File>, line: u64, at: u64 },
}

/// The hash of a file's content so far.
pub(super) fn hash(path: &Path) -> io::Result<blake3::Hasher> {
    let mut hasher = blake3::Hasher::new();
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher)
}

impl Rows {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// It cannot be read, or a column is unknown.
    pub(super) fn open(
        path: &Path,
        form: Form,
        delimiter: Option<char>,
        columns: &dyn Fn(&csv::StringRecord) -> Result<Columns, Stop>,
    ) -> Result<Self, Stop> {
        let failed = |error: io::Error| unreadable(path, &error);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::with_capacity(1 << 18, file);
        if file.fill_buf().map_err(failed)?.starts_with(MARK) {
            file.consume(MARK.len());
        }
        let reader = match form {
            Form::Ndjson => Reader::Lines { file, line: 0, at: 0 },
            Form::Csv => {
                let delimiter = match delimiter {
                    Some(given) => u8::try_from(given).map_err(|_| {
                        Stop::new(Exit::WrongSetting, "--delimiter is one ASCII character")
                    })?,
                    None => guess(file.fill_buf().map_err(failed)?),
                };
                let mut csv =
                    csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
                let header = csv.headers().map_err(|error| {
                    Stop::new(Exit::FileUnreadable, format!("{}: {error}", path.display()))
                })?;
                let header = header.clone();
                let columns = columns(&header)?;
                Reader::Csv { csv: Box::new(csv), header, columns }
            }
        };
        Ok(Self { path: path.to_owned(), bytes, reader })
    }

    /// Header and columns, when it has any.
    pub(super) fn header(&self) -> Option<(&csv::StringRecord, &Columns)> {
        match &self.reader {
            Reader::Csv { header, columns, .. } => Some((header, columns)),
            Reader::Lines { .. } => None,
        }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> u64 {
        match &self.reader {
            Reader::Csv { csv, .. } => csv.position().byte(),
            Reader::Lines { at, .. } => *at,
        }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<FileRow>, Stop> {
        let row = match &mut self.reader {
            Reader::Csv { csv, columns, .. } => next_record(csv, columns),
            Reader::Lines { file, line, at } => next_line(file, line, at),
        };
        row.map_err(|error| unreadable(&self.path, &error))
    }
}

/// What parts the columns: the one of the usual signs that the header has most of.
fn guess(beginning: &[u8]) -> u8 {
    let header = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |sign: &u8| header.iter().filter(|byte| *byte == sign).count();
    // Of equals the last one is taken: the comma.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

fn next_record(
    csv: &mut csv::Reader<BufReader<File>>,
    columns: &Columns,
) -> io::Result<Option<FileRow>> {
    let mut bytes = csv::ByteRecord::new();
    match csv.read_byte_record(&mut bytes) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) => {
            return Err(match error.into_kind() {
                csv::ErrorKind::Io(error) => error,
                other => io::Error::other(format!("{other:?}")),
            });
        }
    }
    let line = bytes.position().map_or(0, csv::Position::line);
    let row = match csv::StringRecord::from_byte_record(bytes) {
        Ok(cells) => {
            let json = columns.row(&cells);
            FileRow { line, original: Original::Cells(cells), json }
        }
        Err(error) => {
            let bytes = error.into_byte_record();
            let cells = bytes.iter().map(|cell| String::from_utf8_lossy(cell)).collect::<Vec<_>>();
            let original =
                Original::Cells(cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>().into());
            FileRow { line, original, json: Err("it is not UTF-8".to_owned()) }
        }
    };
    Ok(Some(row))
}

fn next_line(
    file: &mut BufReader<File>,
    line: &mut u64,
    at: &mut u64,
) -> io::Result<Option<FileRow>> {
    loop {
        let mut bytes = Vec::new();
        let read = file.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        *line += 1;
        *at += read as u64;
        let is_cut = read as u64 == LINE_BYTES_MAX && bytes.last() != Some(&b'\n');
        if is_cut {
            *at += skip_line(file)?;
        }
        let text = String::from_utf8_lossy(&bytes);
        let json = match (&text, is_cut) {
            (_, true) => Err(format!("it is longer than {LINE_BYTES_MAX} bytes")),
            (std::borrow::Cow::Owned(_), _) => Err("it is not UTF-8".to_owned()),
            (text, _) => Ok(text.trim().to_owned()),
        };
        if text.trim().is_empty() {
            continue;
        }
        let original = Original::Text(text.trim_end_matches(['\n', '\r']).to_owned());
        return Ok(Some(FileRow { line: *line, original, json }));
    }
}

/// Passes over the rest of a line; tells how long it was.
fn skip_line(file: &mut BufReader<File>) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = file.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(buffer.len(), |end| end + 1);
        file.consume(count);
        skipped += count as u64;
        if end.is_some() || count == 0 {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Choice;
    use super::*;

    fn read(name: &str, content: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let form = Form::of_ending(name.rsplit('.').next().unwrap()).unwrap();
        let columns = |header: &csv::StringRecord| Columns::of(header, &Choice::default());
        let mut rows = Rows::open(&path, form, None, &columns).map_err(|it| it.message).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|it| it.message).unwrap() {
            found.push((row.line, row.json));
        }
        assert!(rows.at() <= rows.bytes);
        found
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let text = b"\xef\xbb\xbfitemId,name\na,\"two\nlines\"\n\nb\n\xff,x\nc,d";
        let rows = read("x.csv", text);
        let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        // A blank line counts with the row behind it.
        assert_eq!(lines, [2, 4, 6, 7]);
        assert_eq!(rows[0].1.as_deref(), Ok(r#"{"itemId":"a","name":"two\nlines"}"#));
        assert!(rows[1].1.as_ref().unwrap_err().contains("1 cells"));
        assert!(rows[2].1.as_ref().unwrap_err().contains("UTF-8"));
        assert_eq!(rows[3].1.as_deref(), Ok(r#"{"itemId":"c","name":"d"}"#));
    }

    #[test]
    fn other_signs_part_columns_as_well() {
        for sign in [';', '\t', '|', ','] {
            let text = format!("itemId{sign}name\na{sign}b\n");
            let rows = read("x.csv", text.as_bytes());
            assert_eq!(rows[0].1.as_deref(), Ok(r#"{"itemId":"a","name":"b"}"#), "{sign}");
        }
    }

    #[test]
    fn ndjson_is_read_line_by_line() {
        let long = "x".repeat(3 << 20);
        let text = format!("{{\"a\":1}}\r\n\n  \n{long}\n{{\"b\":2}}");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(b"\n{\"c\":\"\xff\"}\n");
        let rows = read("x.ndjson", &bytes);
        let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 4, 5, 6]);
        assert_eq!(rows[0].1.as_deref(), Ok(r#"{"a":1}"#));
        assert!(rows[1].1.as_ref().unwrap_err().contains("longer"));
        assert_eq!(rows[2].1.as_deref(), Ok(r#"{"b":2}"#));
        assert!(rows[3].1.as_ref().unwrap_err().contains("UTF-8"));
    }
}
