//! Who acts on rows: the running server, or an engine of our own on a stopped directory.

use std::path::PathBuf;
use std::sync::Arc;

use onhand_domain::command::Trace;
use onhand_domain::ids::TenantId;
use onhand_engine::{Engine, SourcePort};
use serde::Deserialize;

use crate::cli::ask::{Question, ask_for, is_served};
use crate::config::Config;
use crate::exit::{Exit, Stop};
use crate::http::problem::Problem;
use crate::import::row::Row;
use crate::import::slice::{self, Done, Numbered};
use crate::import::standing::{self, Standing};
use crate::import::{Refused, Stream};
use crate::telemetry;

/// Who acts on rows.
pub(super) enum Target {
    /// Nobody.
    None,
    /// The server that has this directory.
    Server(PathBuf),
    /// We ourselves.
    Directory(Box<Local>),
}

/// An engine of our own.
pub(super) struct Local {
    engine: Engine,
    /// `None` once it was shut down.
    port: Option<SourcePort>,
    runtime: tokio::runtime::Runtime,
}

/// Why rows were not acted on.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may go better later; nothing is lost.
    Later(Stop),
    /// It will not.
    Never(Stop),
}

/// A row and its JSON.
#[derive(Debug)]
pub(super) struct SliceRow {
    /// Its line.
    pub(super) line: u64,
    /// As it will be sent.
    pub(super) json: String,
}

/// A refused row as the server tells of it.
#[derive(Deserialize)]
struct RefusedRow {
    line: u64,
    code: String,
    detail: String,
    booked: bool,
}

#[derive(Deserialize)]
struct SliceAnswer {
    acted: u64,
    passed: u64,
    refused: Vec<RefusedRow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StandingAnswer {
    settled_line: u64,
    seen: u64,
    refused: Vec<RefusedRow>,
    next_cursor: Option<String>,
}

impl From<RefusedRow> for Refused {
    fn from(row: RefusedRow) -> Self {
        let RefusedRow { line, code, detail, booked } = row;
        Self { line, code, detail, is_booked: booked }
    }
}

impl Target {
    /// The server when one runs, else the directory itself, which is made when it is absent.
    pub(super) fn open(config: &Config) -> Result<Self, Stop> {
        if is_served(config.data()) {
            return Ok(Self::Server(config.data().to_owned()));
        }
        telemetry::start(config);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| Stop::new(Exit::Internal, error))?;
        let engine = Engine::start(&config.engine())?;
        let port = Some(engine.source_port());
        Ok(Self::Directory(Box::new(Local { engine, port, runtime })))
    }

    /// How far the file has come, and what was refused behind a record.
    pub(super) fn standing(&mut self, stream: &Stream, after: u64) -> Result<Standing, Trouble> {
        match self {
            Self::None => Ok(Standing::default()),
            Self::Server(data) => {
                let path = format!("/v1/admin/imports/{}?cursor={after}", hash_of(stream));
                let said: StandingAnswer = asked(data, &Question::json("GET", &path, ""))?;
                Ok(Standing {
                    settled: said.settled_line,
                    refused: said.refused.into_iter().map(Refused::from).collect(),
                    next: said.next_cursor.and_then(|cursor| cursor.parse().ok()),
                    seen: said.seen,
                })
            }
            Self::Directory(local) => {
                let look = standing::look(&local.engine, stream, after);
                local.runtime.block_on(look).map_err(|failure| trouble(&Problem::from(failure)))
            }
        }
    }

    /// Acts on rows; they are durable when this returns.
    pub(super) fn act(
        &mut self,
        stream: &Stream,
        tenant: &TenantId,
        rows: &[SliceRow],
    ) -> Result<Done, Trouble> {
        match self {
            Self::None => Ok(Done { acted: rows.len() as u64, ..Done::default() }),
            Self::Server(data) => {
                let mut body = String::new();
                for SliceRow { line, json } in rows {
                    body.push_str(&format!("{{\"line\":{line},\"row\":{json}}}\n"));
                }
                let path = format!("/v1/admin/imports/{}", hash_of(stream));
                let said: SliceAnswer = asked(
                    data,
                    &Question {
                        method: "POST",
                        path: &path,
                        tenant: Some(tenant.as_str()),
                        content: "application/x-ndjson",
                        body: &body,
                    },
                )?;
                let refused = said.refused.into_iter().map(Refused::from).collect();
                Ok(Done { acted: said.acted, passed: said.passed, refused })
            }
            Self::Directory(local) => local.act(stream, tenant, rows),
        }
    }

    /// Everything is on disk, and a checkpoint is written.
    ///
    /// # Errors
    /// Why the engine had to stop by itself.
    pub(super) fn end(self) -> Result<(), Stop> {
        let Self::Directory(mut local) = self else { return Ok(()) };
        local.port.take();
        local.engine.shutdown().map_err(Stop::from)
    }
}

impl Local {
    fn act(
        &mut self,
        stream: &Stream,
        tenant: &TenantId,
        rows: &[SliceRow],
    ) -> Result<Done, Trouble> {
        let parsed = rows.iter().map(|SliceRow { line, json }| {
            Row::parse(json, tenant).map(|row| Numbered { line: *line, row })
        });
        let rows = parsed.collect::<Result<_, Problem>>().map_err(|problem| trouble(&problem))?;
        let correlation = Some(stream.name().clone());
        let trace = Some(Arc::new(Trace { correlation, ..Trace::default() }));
        let port = self.port.as_mut().expect("rows come before the end");
        slice::act(&self.engine, port, stream, trace, rows).map_err(|problem| trouble(&problem))
    }
}

fn hash_of(stream: &Stream) -> &str {
    let name = stream.name().as_str();
    name.split_once('/').map_or(name, |(_, hash)| hash)
}

fn asked<T: for<'de> Deserialize<'de>>(
    data: &std::path::Path,
    question: &Question<'_>,
) -> Result<T, Trouble> {
    let heard = ask_for(data, question).map_err(Trouble::Later)?;
    if heard.status == 200 {
        let said = serde_json::from_slice(&heard.body);
        return said.map_err(|error| Trouble::Later(Stop::new(Exit::NotServing, error)));
    }
    let said: serde_json::Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    let detail = said["detail"].as_str().unwrap_or("it did not say why");
    let message = format!("the server refused ({}): {detail}", heard.status);
    let stop = Stop::new(Exit::Refused, message);
    Err(if matches!(heard.status, 429 | 503) { Trouble::Later(stop) } else { Trouble::Never(stop) })
}

fn trouble(problem: &Problem) -> Trouble {
    let stop = Stop::new(Exit::Refused, problem.detail());
    let may_go_better = matches!(problem.status().as_u16(), 429 | 503);
    if may_go_better { Trouble::Later(stop) } else { Trouble::Never(stop) }
}
