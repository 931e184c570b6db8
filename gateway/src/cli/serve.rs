//! `onhand serve`: start, serve, stop, in this order and backwards.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use onhand_engine::{Engine, EngineConfig};

use crate::brokers::kafka::{self, Bridge};
use crate::cli::variables;
use crate::config::{Config, Flags};
use crate::exit::{Exit, Stop, exit_of_io};
use crate::http::ROUTES;
use crate::http::dispatch::Dispatch;
use crate::http::door::Door;
use crate::http::meters::Meters;
use crate::http::server::{Running, Server};
use crate::http::stage::Stage;
use crate::metrics::Exposition;
use crate::server_file::{ServerFile, new_token};
use crate::shutdown::{End, Signals};
use crate::telemetry;
use crate::tools::Tools;

/// How often metrics let go of what they have gathered.
const UPKEEP: Duration = Duration::from_secs(5);

/// Runs the server until it is told to stop.
pub(crate) fn run(flags: &Flags) -> Exit {
    let config = match Config::load(flags, variables()) {
        Ok(config) => config,
        Err(error) => return Stop::from(error).print(),
    };
    telemetry::start(&config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Stop::new(Exit::Internal, error).log(),
    };
    match runtime.block_on(serve(&config)) {
        Ok(exit) => exit,
        Err(stop) => stop.log(),
    }
}

async fn serve(config: &Config) -> Result<Exit, Stop> {
    let mut signals = Signals::listen().map_err(|error| Stop::new(Exit::Internal, error))?;
    let http = config.http();
    raise_descriptor_limit(http.connections_max);
    // The address first: a start that cannot listen should not spend minutes on recovery.
    let (threads, streams_max) = (http.threads, http.streams_max);
    let server = Server::bind(http)?;
    let engine = tokio::select! {
        started = start_engine(config.engine()) => started?,
        // Nothing was promised yet, and what was before is on disk.
        signal = signals.next() => leave(signal),
    };
    let bridge = start_bridge(&engine, config).await?;
    limit_history(&engine, config, bridge.as_ref())?;
    let stage = Arc::<Stage>::default();
    let meters = Arc::new(Meters::new(threads, ROUTES.len(), streams_max));
    let exposition = Arc::new(Exposition::install());
    let tools = Arc::new(Tools::new(new_token(), config.tools_bytes_per_second()));
    let address = server.address();
    let mut thread = 0;
    let running = server.start(&stage, &meters.connections, || {
        let door = Arc::new(Door {
            engine: engine.clone(),
            port: engine.port(),
            stage: Arc::clone(&stage),
            meters: Arc::clone(&meters),
            bridge: bridge.clone(),
            tools: Arc::clone(&tools),
            exposition: Arc::clone(&exposition),
        });
        let tally = Arc::clone(meters.tally(thread));
        thread += 1;
        Dispatch::new(door, tally)
    })?;
    // Who finds the file can read where it listens.
    announce(address);
    let file = ServerFile::write(config.data(), address, &tools.token)
        .map_err(|error| Stop::new(exit_of_io(&error), format!("server.json: {error}")))?;
    let status = engine.status();
    let (epoch, replayed) = (status.epoch, status.log.replayed);
    tracing::info!(%address, epoch, replayed, identity = %status.identity, "serving");
    tokio::spawn(keep_up(exposition));
    let end = signals.end(&engine, bridge.as_deref()).await;
    stop(Serving { engine, bridge, tools, stage, running, file }, end, signals).await
}

/// All that runs.
struct Serving {
    engine: Engine,
    bridge: Option<Arc<Bridge>>,
    tools: Arc<Tools>,
    stage: Arc<Stage>,
    running: Running,
    file: ServerFile,
}

async fn start_engine(config: EngineConfig) -> Result<Engine, Stop> {
    let started = tokio::task::spawn_blocking(move || Engine::start(&config)).await;
    let started = started.map_err(|error| Stop::new(Exit::Internal, error))?;
    started.map_err(Stop::from)
}

/// Nothing is served before it is known whether the topics hold what our log does not.
async fn start_bridge(engine: &Engine, config: &Config) -> Result<Option<Arc<Bridge>>, Stop> {
    let Some(kafka) = config.kafka() else { return Ok(None) };
    let bridge = Bridge::start(engine, kafka).map_err(|error| {
        Stop::new(Exit::Internal, format!("the bridge to Kafka cannot be started: {error}"))
    })?;
    if let Err(what) = bridge.checked().await {
        bridge.stop();
        return Err(Stop::new(Exit::LostTail, what));
    }
    Ok(Some(Arc::new(bridge)))
}

/// Lets history go that is older than the operator wants, unless Kafka has not got it yet. A bridge that
/// is switched off keeps what it has not published.
fn limit_history(
    engine: &Engine,
    config: &Config,
    bridge: Option<&Arc<Bridge>>,
) -> Result<(), Stop> {
    let Some(keep) = config.retention() else { return Ok(()) };
    let started = match (bridge.cloned(), kafka::published_before(engine)) {
        (Some(bridge), _) => engine.keep_history(keep, move || bridge.delivered()),
        (None, Some(published)) => {
            tracing::warn!(
                published,
                "the bridge to Kafka is off: history behind the last record it has published is kept"
            );
            engine.keep_history(keep, move || published)
        }
        (None, None) => engine.keep_history(keep, || u64::MAX),
    };
    started.map_err(Stop::from)
}

/// Not ready, no new connections, requests in flight answered, all of it on disk; a second signal
/// ends the process at once.
async fn stop(serving: Serving, end: End, mut signals: Signals) -> Result<Exit, Stop> {
    let Serving { engine, bridge, tools, stage, running, file } = serving;
    stage.stop();
    let ending = tokio::task::spawn_blocking(move || {
        running.join();
        tools.stop();
        if let Some(bridge) = bridge {
            bridge.stop();
        }
        let ended = engine.shutdown();
        drop(file);
        ended
    });
    let ended = tokio::select! {
        ended = ending => ended.map_err(|error| Stop::new(Exit::Internal, error))?,
        signal = signals.next() => leave(signal),
    };
    match (end, ended) {
        (End::Failed(fatal), _) | (End::Asked | End::LostTail(_), Err(fatal)) => {
            Err(Stop::from(fatal))
        }
        (End::LostTail(what), Ok(())) => Err(Stop::new(Exit::LostTail, what)),
        (End::Asked, Ok(())) => {
            tracing::info!("stopped");
            Ok(Exit::Good)
        }
    }
}

/// Ends the process here and now.
fn leave(signal: Exit) -> ! {
    tracing::warn!(exit_code = signal.code(), "ended at once; the next start replays");
    std::process::exit(i32::from(signal.code()))
}

async fn keep_up(exposition: Arc<Exposition>) {
    let mut beat = tokio::time::interval(UPKEEP);
    loop {
        beat.tick().await;
        exposition.upkeep();
    }
}

fn announce(address: SocketAddr) {
    let mut out = std::io::stdout().lock();
    // The server runs whether or not somebody reads this.
    let _ = writeln!(
        out,
        "onhand listens at http://{address} (documentation at http://{address}/docs)\n\
         try: curl -X POST http://{address}/v1/stock/receipts -H 'Content-Type: application/json' \
         -d '{{\"itemId\":\"tea\",\"locationId\":\"shop\",\"quantity\":5}}'"
    );
    let _ = out.flush();
}

/// Descriptors besides connections: segments, indexes, listeners, runtimes.
const DESCRIPTORS_BESIDES: u64 = 1_024;

/// Shells give 1,024 descriptors by default, and more only to those who ask.
fn raise_descriptor_limit(connections_max: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let connections = u64::try_from(connections_max).unwrap_or(u64::MAX);
    let wanted = connections.saturating_add(DESCRIPTORS_BESIDES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let granted = maximum.map_or(wanted, |maximum| wanted.min(maximum));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(granted), maximum });
    if raised.is_err() || granted < wanted {
        tracing::warn!(wanted, granted, "fewer connections can be open than http.connections_max");
    }
}
