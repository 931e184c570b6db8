//! `onhand import`: rows of a file, each acted on once however often the file is imported.
//!
//! Reading order: `columns` (what a header means), `file` (rows of a file), `rejects` (the file of rows that
//! were not taken), `target` (who acts on them), `runner` (all of it together).

mod columns;
mod file;
mod rejects;
mod runner;
mod target;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use onhand_domain::ids::TenantId;

use super::Place;
use crate::exit::{Exit, Stop, exit_of_io};
use crate::import::Stream;
use columns::{Choice, Columns};
use file::{Form, Rows};
use rejects::Rejects;
use runner::{Runner, Summary};
use target::Target;

/// Flags of `onhand import`.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// What to import; the form follows from the ending: .csv, .ndjson or .jsonl
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Form of the file, whatever its ending
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// Tenant of rows that name none [default: default]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Location of rows that name none (CSV)
    #[arg(long, value_name = "LOCATION")]
    location: Option<String>,
    /// A column of the file is this field, e.g. --map Menge=quantity (CSV); repeatable
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// A column of the file is of no concern (CSV); repeatable
    #[arg(long, value_name = "COLUMN")]
    skip: Vec<String>,
    /// What parts the columns (CSV) [default: a comma, or what the header shows]
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<char>,
    /// Import the same content once more, under this name
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Only read and check the rows
    #[arg(long)]
    dry_run: bool,
    /// How long a server that does not answer is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u32,
    #[command(flatten)]
    place: Place,
}

impl Import {
    /// Imports and says what became of the rows.
    pub(super) fn run(&self) -> Result<Exit, Stop> {
        let config = self.place.config()?;
        let tenant = TenantId::parse(self.tenant.as_deref().unwrap_or("default"))
            .map_err(|error| Stop::new(Exit::WrongSetting, format!("--tenant {error}")))?;
        let form = self.form()?;
        let choice = self.choice(form)?;
        let stream = self.stream()?;
        let columns = |header: &csv::StringRecord| Columns::of(header, &choice);
        let rows = Rows::open(&self.file, form, self.delimiter, &columns)?;
        let rejects = Rejects::begin(&self.file, &rows)?;
        let target = match self.dry_run {
            true => Target::None,
            false => Target::open(&config)?,
        };
        let runner = Runner::new(target, stream, tenant, rejects, self.wait);
        let summary = runner.run(rows)?;
        Ok(self.tell(&summary))
    }

    fn form(&self) -> Result<Form, Stop> {
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        let form = self.format.or_else(|| Form::of_ending(ending?));
        form.ok_or_else(|| {
            let file = self.file.display();
            let message = format!("{file}: name its form: --format csv or --format ndjson");
            Stop::new(Exit::FileUnreadable, message)
        })
    }

    fn choice(&self, form: Form) -> Result<Choice, Stop> {
        let is_csv_only = !self.map.is_empty() || !self.skip.is_empty() || self.location.is_some();
        if form == Form::Ndjson && (is_csv_only || self.delimiter.is_some()) {
            let message = "--map, --skip, --location and --delimiter are for CSV";
            return Err(Stop::new(Exit::WrongSetting, message));
        }
        let parse = |text: &String| {
            let parted = text.split_once('=');
            parted.map(|(column, field)| (column.to_owned(), field.to_owned())).ok_or_else(|| {
                let message = format!("--map {text}: write COLUMN=FIELD");
                Stop::new(Exit::WrongSetting, message)
            })
        };
        let map = self.map.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Choice { map, skip: self.skip.clone(), location: self.location.clone() })
    }

    /// The stream: the hash of the file, and of what makes its rows mean something else.
    fn stream(&self) -> Result<Stream, Stop> {
        let hash = file::hash(&self.file).map_err(|error| unreadable(&self.file, &error))?;
        let mut hasher = hash;
        let said = [
            ("tenant", self.tenant.as_slice()),
            ("location", self.location.as_slice()),
            ("map", &self.map),
            ("skip", &self.skip),
            ("as", self.name.as_slice()),
        ];
        for (name, values) in said {
            for value in values {
                hasher.update(format!("\0--{name}\0{value}").as_bytes());
            }
        }
        Ok(Stream::parse(&hasher.finalize().to_hex()).expect("a hash has 64 digits"))
    }

    fn tell(&self, summary: &Summary) -> Exit {
        let Summary { rows, done, before, rejected, rejects } = summary;
        let (file, mut out) = (self.file.display(), std::io::stdout().lock());
        let mut line = match self.dry_run {
            true => format!("{file}: {rows} rows, {done} can be imported, {rejected} cannot"),
            false => format!("{file}: {rows} rows, {done} imported, {rejected} rejected"),
        };
        if *before > 0 {
            line.push_str(&format!(" ({before} of them by an earlier run)"));
        }
        if let Some(rejects) = rejects {
            let rejects = rejects.display();
            line.push_str(&format!("\nrejected rows and their reasons: {rejects}"));
        }
        if *rows > 0 && before == rows && !self.dry_run {
            line.push_str(
                "\nnothing was new: this content was imported before; --as NAME imports it once more",
            );
        }
        // Whoever closed our output has read enough; the exit code still tells.
        let _ = writeln!(out, "{line}");
        if *rejected == 0 {
            return Exit::Good;
        }
        let _ = out.flush();
        Stop::new(Exit::RowsRejected, format!("{rejected} rows were rejected")).print()
    }
}

/// A file that cannot be read.
fn unreadable(file: &Path, error: &std::io::Error) -> Stop {
    let exit = match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::IsADirectory => Exit::FileUnreadable,
        std::io::ErrorKind::PermissionDenied => Exit::FileUnreadable,
        _ => exit_of_io(error),
    };
    Stop::new(exit, format!("{}: {error}", file.display()))
}
