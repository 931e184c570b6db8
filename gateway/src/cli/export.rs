//! `onhand export`: what there is, in a form that `onhand import` takes.

mod csv_rows;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use onhand_engine::view::View;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::ask::{Question, ask_for, is_served};
use super::{Place, progress};
use crate::config::Config;
use crate::exit::{Exit, Stop, exit_of_io};
use crate::export::{self, Kind};
use crate::http::json::Json;
use csv_rows::CsvRows;

/// Flags of `onhand export`.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// What to export
    #[arg(value_enum, default_value_t = What::Stock)]
    what: What,
    /// Form of the rows; reservations and transfers are NDJSON [default: csv for stock]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Into this file instead of standard output; it appears whole or not at all
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Positions with their stock, policies, items and locations
    Stock,
    /// Open reservations
    Reservations,
    /// Transfers on their way
    Transfers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated, with a header
    Csv,
    /// One JSON object per line
    Ndjson,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Reservations => "reservations",
            Self::Transfers => "transfers",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Stock => Kind::Stock,
            Self::Reservations => Kind::Reservations,
            Self::Transfers => Kind::Transfers,
        }
    }
}

/// A page as it comes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    next_cursor: Option<String>,
}

/// Where pages come from.
enum Source {
    Server(PathBuf),
    Directory(Arc<View>),
}

impl Source {
    fn open(config: &Config) -> Result<Self, Stop> {
        if is_served(config.data()) {
            return Ok(Self::Server(config.data().to_owned()));
        }
        Ok(Self::Directory(View::of_directory(config.storage())?))
    }

    /// The text of a page.
    fn page(&self, what: What, cursor: &str) -> Result<Vec<u8>, Stop> {
        match self {
            Self::Server(data) => {
                let path = format!("/v1/admin/export/{}?cursor={cursor}", what.word());
                let heard = ask_for(data, &Question::json("GET", &path, ""))?;
                if heard.status != 200 {
                    let message = format!("the server refused ({})", heard.status);
                    return Err(Stop::new(Exit::Refused, message));
                }
                Ok(heard.body)
            }
            Self::Directory(view) => {
                let mut json = Json::default();
                let cursor = cursor.parse().unwrap_or_default();
                json.object(|json| export::write_page(view, what.kind(), cursor, json));
                Ok(json.into_bytes())
            }
        }
    }
}

/// Where rows go.
enum Rows<W: Write> {
    Csv(Box<CsvRows<W>>),
    Lines(W),
}

impl<W: Write> Rows<W> {
    fn put(&mut self, row: &RawValue) -> io::Result<()> {
        match self {
            Self::Csv(rows) => rows.put(row),
            Self::Lines(out) => {
                out.write_all(row.get().as_bytes())?;
                out.write_all(b"\n")
            }
        }
    }

    fn end(self) -> io::Result<W> {
        match self {
            Self::Csv(rows) => rows.end(),
            Self::Lines(mut out) => out.flush().map(|()| out),
        }
    }
}

impl Export {
    fn format(&self) -> Result<Format, Stop> {
        match (self.what, self.format) {
            (What::Stock, format) => Ok(format.unwrap_or(Format::Csv)),
            (_, None | Some(Format::Ndjson)) => Ok(Format::Ndjson),
            (what, Some(Format::Csv)) => {
                let message = format!("{} have no form as CSV: use ndjson", what.word());
                Err(Stop::new(Exit::WrongSetting, message))
            }
        }
    }

    /// Writes all rows.
    pub(super) fn run(&self) -> Result<Exit, Stop> {
        let format = self.format()?;
        let config = self.place.config()?;
        let source = Source::open(&config)?;
        let Some(path) = &self.out else {
            let out = BufWriter::new(io::stdout().lock());
            let written = self.write(&source, format, out);
            // Whoever closed our output has read enough.
            return written.map(|_| Exit::Good).or_else(|failed| match failed {
                Failed::Write(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Good),
                other => Err(other.stop(Path::new("standard output"))),
            });
        };
        let draft = path.with_extension("unfinished");
        let failed = |error: io::Error| Failed::Write(error).stop(&draft);
        let out = BufWriter::new(File::create(&draft).map_err(failed)?);
        let (count, out) = self.write(&source, format, out).map_err(|error| error.stop(&draft))?;
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&draft, path).map_err(failed)?;
        eprintln!("{}: {count} rows", path.display());
        Ok(Exit::Good)
    }

    fn write<W: Write>(&self, source: &Source, format: Format, out: W) -> Result<(u64, W), Failed> {
        let bar = progress::count(0, "exporting");
        let mut rows = match format {
            Format::Csv => Rows::Csv(Box::new(CsvRows::begin(out)?)),
            Format::Ndjson => Rows::Lines(out),
        };
        let (mut cursor, mut count) = ("0".to_owned(), 0);
        loop {
            let text = source.page(self.what, &cursor).map_err(Failed::Read)?;
            let page: Page<'_> = serde_json::from_slice(&text)
                .map_err(|error| Failed::Read(Stop::new(Exit::Refused, error)))?;
            for row in &page.items {
                rows.put(row)?;
                count += 1;
            }
            bar.set_position(count);
            match page.next_cursor {
                Some(next) => cursor = next,
                None => break,
            }
        }
        bar.finish_and_clear();
        Ok((count, rows.end()?))
    }
}

/// What went wrong.
enum Failed {
    Read(Stop),
    Write(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl Failed {
    fn stop(self, file: &Path) -> Stop {
        match self {
            Self::Read(stop) => stop,
            Self::Write(error) => {
                Stop::new(exit_of_io(&error), format!("{}: {error}", file.display()))
            }
        }
    }
}
