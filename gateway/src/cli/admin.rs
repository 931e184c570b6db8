//! `onhand dead-letters` and `onhand sources`: asking the running server about what comes in.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::ask::ask;
use crate::cli::variables;
use crate::config::{Config, Flags};
use crate::exit::{Exit, Stop};

/// Which server is asked.
#[derive(Debug, Args)]
struct Server {
    /// Data directory of the running server [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<String>,
    /// Settings in TOML
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

/// Flags of `onhand dead-letters`.
#[derive(Debug, Args)]
pub(super) struct DeadLetters {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    call: LetterCall,
}

#[derive(Debug, Subcommand)]
enum LetterCall {
    /// All of them, newest first, one line each.
    List {
        /// Only these: open, retried or discarded
        #[arg(long)]
        status: Option<String>,
    },
    /// All that is known of one.
    Show {
        /// Its id: dl-…
        id: String,
    },
    /// Acts on its message, or sends its event, once.
    Retry {
        /// Its id: dl-…
        id: String,
    },
    /// Gives it up.
    Discard {
        /// Its id: dl-…
        id: String,
        /// For the audit
        #[arg(long)]
        reason: String,
    },
}

/// Flags of `onhand sources`.
#[derive(Debug, Args)]
pub(super) struct Sources {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    call: SourceCall,
}

#[derive(Debug, Subcommand)]
enum SourceCall {
    /// What is read, and how far.
    List,
    /// A topic was made anew: read it from its first message.
    Reset {
        /// The topic
        topic: String,
        /// For the audit
        #[arg(long)]
        reason: Option<String>,
    },
    /// Give up what lies before an offset.
    Skip {
        /// The topic
        topic: String,
        /// Its partition
        partition: u32,
        /// The offset to go on with
        next_offset: u64,
        /// For the audit
        #[arg(long)]
        reason: Option<String>,
    },
}

impl Server {
    /// Asks; the exit code when the server says no.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Exit> {
        let data = self.data.iter().map(|data| ("data", data.clone()));
        let flags = Flags { file: self.config.clone(), settings: data.collect() };
        let config =
            Config::load(&flags, variables()).map_err(|error| Stop::from(error).print())?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let heard = ask(config.data(), method, path, &body).map_err(|stop| stop.print())?;
        let said: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
        if heard.status == 200 {
            return Ok(said);
        }
        let detail = said["detail"].as_str().unwrap_or("it did not say why");
        let message = format!("the server refused ({}): {detail}", heard.status);
        Err(Stop::new(Exit::Refused, message).print())
    }
}

/// An id as one word of a path.
fn word(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}

fn say(lines: impl IntoIterator<Item = String>) -> Exit {
    let mut out = std::io::stdout().lock();
    for line in lines {
        // Whoever closed our output has read enough; the exit code still tells.
        let _ = writeln!(out, "{line}");
    }
    Exit::Good
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("-")
}

fn letter_line(letter: &Value) -> String {
    let place = match (letter["partition"].as_u64(), letter["offset"].as_u64()) {
        (Some(partition), Some(offset)) => {
            format!("{}/{partition}/{offset}", text(letter, "topic"))
        }
        _ => text(letter, "topic").to_owned(),
    };
    let words = ["id", "status", "direction", "code", "eventType"].map(|name| text(letter, name));
    format!("{}  {place}  {}", words.join("  "), text(letter, "error"))
}

fn source_lines(source: &Value) -> Vec<String> {
    let head = format!(
        "{}  {}  generation {}  {}",
        text(source, "topic"),
        text(source, "state"),
        source["generation"],
        text(source, "reason")
    );
    let partitions = source["partitions"].as_array().into_iter().flatten();
    let partitions = partitions
        .map(|it| format!("  partition {}: next offset {}", it["partition"], it["nextOffset"]));
    std::iter::once(head).chain(partitions).collect()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

impl DeadLetters {
    /// Asks the server and prints what it says.
    pub(super) fn run(&self) -> Exit {
        match self.said() {
            Ok(lines) => say(lines),
            Err(exit) => exit,
        }
    }

    fn said(&self) -> Result<Vec<String>, Exit> {
        let base = "/v1/admin/failed-events";
        let post = |id: &str, verb: &str, body: &Value| {
            self.server.ask("POST", &format!("{base}/{}/{verb}", word(id)), body)
        };
        let one = match &self.call {
            LetterCall::List { status } => return self.list(base, status.as_deref()),
            LetterCall::Show { id } => {
                let found =
                    self.server.ask("GET", &format!("{base}/{}", word(id)), &Value::Null)?;
                return Ok(vec![pretty(&found)]);
            }
            LetterCall::Retry { id } => post(id, "retry", &Value::Null)?,
            LetterCall::Discard { id, reason } => {
                post(id, "discard", &json!({ "reason": reason }))?
            }
        };
        Ok(vec![letter_line(&one)])
    }

    fn list(&self, base: &str, status: Option<&str>) -> Result<Vec<String>, Exit> {
        let filter = status.map(|status| format!("&status={}", word(status))).unwrap_or_default();
        let (mut lines, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{base}?limit=1000{filter}{cursor}");
            let page = self.server.ask("GET", &path, &Value::Null)?;
            lines.extend(page["items"].as_array().into_iter().flatten().map(letter_line));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={}", word(next)),
                None => return Ok(lines),
            }
        }
    }
}

impl Sources {
    /// Asks the server and prints what it says.
    pub(super) fn run(&self) -> Exit {
        match self.said() {
            Ok(lines) => say(lines),
            Err(exit) => exit,
        }
    }

    fn said(&self) -> Result<Vec<String>, Exit> {
        let base = "/v1/admin/sources";
        let post = |topic: &str, verb: &str, body: Value| {
            let path = format!("{base}/{}/{verb}", word(topic));
            self.server.ask("POST", &path, &body).map(|source| source_lines(&source))
        };
        match &self.call {
            SourceCall::List => {
                let all = self.server.ask("GET", base, &Value::Null)?;
                let all = all["items"].as_array().into_iter().flatten();
                Ok(all.flat_map(source_lines).collect())
            }
            SourceCall::Reset { topic, reason } => {
                post(topic, "reset", json!({ "reason": reason }))
            }
            SourceCall::Skip { topic, partition, next_offset, reason } => {
                let asked =
                    json!({ "partition": partition, "nextOffset": next_offset, "reason": reason });
                post(topic, "skip", asked)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_becomes_lines() {
        let letter = json!({"id": "dl-1-5", "status": "open", "direction": "in", "code": "UNREADABLE",
            "topic": "sales", "partition": 2, "offset": 7, "error": "no JSON"});
        let expected = "dl-1-5  open  in  UNREADABLE  -  sales/2/7  no JSON";
        assert_eq!(letter_line(&letter), expected);
        let source = json!({"topic": "sales", "state": "running", "generation": 2,
            "partitions": [{"partition": 0, "nextOffset": 42, "sequence": 9}]});
        let expected = ["sales  running  generation 2  -", "  partition 0: next offset 42"];
        assert_eq!(source_lines(&source), expected);
    }
}
