//! One line of JSON per measured commit.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::failure::Failure;

/// Where a measurement is noted, and of which commit it is.
#[derive(Clone, Debug, clap::Args)]
pub struct Note {
    /// Append one line with the figures to this file (benches/history/YEAR.jsonl).
    #[arg(long, requires = "commit")]
    pub history: Option<PathBuf>,
    /// The commit that was measured.
    #[arg(long, requires = "history")]
    pub commit: Option<String>,
}

impl Note {
    /// Appends the line `{date, commit, …figures}`, when that was asked for.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, figures: Map<String, Value>) -> Result<(), Failure> {
        let (Some(file), Some(commit)) = (&self.history, &self.commit) else { return Ok(()) };
        let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        append(file, &today, commit, figures)
    }
}

fn append(
    file: &Path,
    date: &str,
    commit: &str,
    figures: Map<String, Value>,
) -> Result<(), Failure> {
    let head = [("date", date), ("commit", commit)];
    let mut text = String::from("{");
    let members = head.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    for (place, (name, value)) in members.chain(figures).enumerate() {
        let comma = if place == 0 { "" } else { "," };
        text.push_str(&format!("{comma}{}:{value}", Value::from(name)));
    }
    text.push_str("}\n");
    // One write, so that lines of two programs never mix.
    OpenOptions::new().append(true).create(true).open(file)?.write_all(text.as_bytes())?;
    Ok(())
}

/// A figure with four digits that count, which is more than any measurement here can be trusted for.
#[must_use]
pub fn rounded(value: f64) -> Value {
    if !value.is_finite() || value == 0.0 {
        return Value::from(0);
    }
    let scale = 10f64.powf(3.0 - value.abs().log10().floor());
    let short = (value * scale).round() / scale;
    if short.fract() == 0.0 { Value::from(format_whole(short)) } else { Value::from(short) }
}

#[allow(clippy::cast_possible_truncation, reason = "rounded above, and far below 2^53")]
const fn format_whole(value: f64) -> i64 {
    value as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_in_their_order() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("2026.jsonl");
        for commit in ["abc", "def"] {
            let mut figures = Map::new();
            figures.insert("ceiling".into(), rounded(58_699.4));
            figures.insert("ratio".into(), rounded(0.631_49));
            append(&file, "2026-11-21", commit, figures).unwrap();
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let first = r#"{"date":"2026-11-21","commit":"abc","ceiling":58700,"ratio":0.6315}"#;
        assert_eq!(text.lines().next(), Some(first));
        assert!(text.ends_with("}\n") && text.lines().count() == 2, "{text}");
    }

    #[test]
    fn figures_keep_four_digits() {
        for (value, expected) in
            [(0.0, "0"), (2.5, "2.5"), (1_234_567.0, "1235000"), (0.000_123_456, "0.0001235")]
        {
            assert_eq!(rounded(value).to_string(), expected);
        }
    }
}
