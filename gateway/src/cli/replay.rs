//! `onhand replay`: send events again, through the running server.

use std::io::Write;

use clap::Args;
use serde_json::{Map, Value, json};

use super::ask::{Heard, ask};
use crate::cli::variables;
use crate::config::{Config, Flags};
use crate::exit::{Exit, Stop};

/// Flags of `onhand replay`; each is a field of `POST /v1/admin/replay`.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Data directory of the running server [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<String>,
    /// Settings in TOML
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<std::path::PathBuf>,
    /// The sink
    #[arg(long, default_value = "kafka")]
    sink: String,
    /// Behind this record
    #[arg(long, value_name = "SEQUENCE")]
    after_sequence: Option<u64>,
    /// Not before this instant (RFC 3339)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this instant (RFC 3339)
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only events of this canonical type; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only events of this aggregate
    #[arg(long, value_name = "ID")]
    aggregate_id: Option<String>,
    /// Only to this topic
    #[arg(long)]
    topic: Option<String>,
    /// In this dialect
    #[arg(long)]
    dialect: Option<String>,
    /// Only tell what would be sent
    #[arg(long)]
    dry_run: bool,
}

impl Replay {
    fn body(&self) -> Value {
        let given = [
            ("afterSequence", self.after_sequence.map(Value::from)),
            ("from", self.from.clone().map(Value::from)),
            ("to", self.to.clone().map(Value::from)),
            ("types", (!self.types.is_empty()).then(|| json!(self.types))),
            ("aggregateId", self.aggregate_id.clone().map(Value::from)),
            ("topic", self.topic.clone().map(Value::from)),
            ("dialect", self.dialect.clone().map(Value::from)),
        ];
        let mut body = Map::new();
        body.insert("sink".to_owned(), json!(self.sink));
        body.insert("dryRun".to_owned(), json!(self.dry_run));
        for (name, value) in given {
            body.extend(value.map(|value| (name.to_owned(), value)));
        }
        Value::Object(body)
    }

    /// Asks the server and prints what it did.
    pub(super) fn run(&self) -> Exit {
        let data = self.data.iter().map(|data| ("data", data.clone()));
        let flags = Flags { file: self.config.clone(), settings: data.collect() };
        let config = match Config::load(&flags, variables()) {
            Ok(config) => config,
            Err(error) => return Stop::from(error).print(),
        };
        match ask(config.data(), "POST", "/v1/admin/replay", &self.body().to_string()) {
            Ok(heard) => tell(&heard),
            Err(stop) => stop.print(),
        }
    }
}

fn tell(heard: &Heard) -> Exit {
    let body: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    if heard.status != 200 {
        let detail = body["detail"].as_str().unwrap_or("it did not say why");
        let message = format!("the server refused ({}): {detail}", heard.status);
        return Stop::new(Exit::Refused, message).print();
    }
    let mut out = std::io::stdout().lock();
    // Whoever closed our output has read enough; the exit code still tells.
    let _ = writeln!(
        out,
        "{}: {} events fit, {} messages sent",
        body["replayId"].as_str().unwrap_or_default(),
        body["matched"],
        body["sent"]
    );
    Exit::Good
}
