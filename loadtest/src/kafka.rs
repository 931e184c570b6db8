//! Till sales over Kafka: how fast Onhand takes them in, beside a bare loop that only reads them.

pub mod progress;
pub mod sale;
pub mod sold;
pub mod table;
pub mod topic;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use self::progress::Progress;
use self::sale::{Change, Sale};
use self::sold::Sold;
use self::table::{Audited, Table};
use self::topic::Topic;
use crate::audit::finding::{Finding, Findings};
use crate::audit::shelves;
use crate::failure::Failure;
use crate::pick::{Pick, Picker};
use crate::quantity::Quantity;
use crate::random::Random;
use crate::request::{Keys, Target};
use crate::run::new_tenant;
use crate::server::Server;
use crate::setup;
use crate::warehouse::Warehouse;

/// Units of the largest sale.
const UNITS_MAX: u32 = 3;

/// Onhand keeps how far it has published every second (OPERATIONS.md); a server that is killed later
/// than that publishes nothing again.
const WATERMARK_PAUSE: Duration = Duration::from_secs(2);

/// Whether changes leave while sales come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Publishing {
    /// Every change, to a topic of its own.
    On,
    /// None.
    Off,
}

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program `onhand`.
    pub binary: PathBuf,
    /// Where its data directory is made; on a RAM disk nothing would be durable.
    pub data_parent: Option<PathBuf>,
    /// The broker, as `host:port`.
    pub bootstrap: String,
    /// Sales in the topic.
    pub sales: u64,
    /// Positions that they are of, one item each.
    pub positions: u32,
    /// How they are spread.
    pub pick: Pick,
    /// Whether changes leave meanwhile.
    pub publishing: Publishing,
    /// Partitions of the topics.
    pub partitions: u16,
    /// Received at each position before: enough, so that no sale drives a position below zero, which
    /// would make further events.
    pub stock: Quantity,
    /// Seed of the sales.
    pub seed: u64,
}

/// Fills a topic, reads it bare, lets Onhand read it, reads it bare again, audits.
///
/// # Errors
/// When the run could not be carried out. A failed audit is part of the table.
pub fn carry_out(settings: &Settings) -> Result<Table, Failure> {
    if settings.sales == 0 || settings.positions == 0 || settings.partitions == 0 {
        return Err(Failure::Settings(
            "sales, positions and partitions must be more than 0".into(),
        ));
    }
    let (run, warehouse) = (new_tenant(), Warehouse { items: settings.positions, locations: 1 });
    let create = |what: &str| {
        Topic::create(&settings.bootstrap, format!("{run}-{what}"), settings.partitions)
    };
    let [sales, changes, letters] = [create("sales")?, create("changes")?, create("letters")?];
    let sold = fill(settings, &sales, &run, warehouse)?;
    let bare_before = bare(&sales, settings.sales)?;
    let topics = [&sales, &changes, &letters];
    let target = |server: &Server| Target {
        host: server.address.to_string(),
        tenant: run.clone(),
        warehouse,
        ttl_seconds: 0,
        keys: Keys::Sent,
    };
    let server = stocked(settings, topics, target)?;
    let server = server.restart(&settings.binary, &environment(settings, topics, &sales.name))?;
    let target = target(&server);
    let mut progress = Progress::new(server.address, &target, &sales.name);
    let took = measure(settings, &mut progress)?;
    let mut findings = Findings::default();
    let dead_letters = progress.dead_letters()?;
    let shelves = shelves::read(server.address, &target, &mut findings)?;
    sold.compare_shelves(settings.stock, &shelves, &mut findings);
    drop(server);
    let bare_after = bare(&sales, settings.sales)?;
    let published = match settings.publishing {
        Publishing::On => {
            let messages = changes.messages()?;
            let published = published(&changes, messages, warehouse, &mut findings)?;
            sold.compare_published(&published, &mut findings);
            Some(messages)
        }
        Publishing::Off => None,
    };
    let audited = Audited {
        positions: u64::try_from(shelves.len()).unwrap_or(u64::MAX),
        published,
        dead_letters,
        findings: findings.count(),
        first_findings: findings.into_first(),
    };
    Ok(Table::new(settings, [bare_before, bare_after], took, audited))
}

/// A server that has its stock and has published that, and reads no topic.
fn stocked(
    settings: &Settings,
    topics: [&Topic; 3],
    target: impl Fn(&Server) -> Target,
) -> Result<Server, Failure> {
    let environment = environment(settings, topics, "");
    let server = Server::onhand(&settings.binary, settings.data_parent.as_deref(), &environment)?;
    let target = target(&server);
    setup::receive_stock(server.address, &target, settings.stock)?;
    if settings.publishing == Publishing::On {
        let mut progress = Progress::new(server.address, &target, "");
        progress.until_none_left("records", Instant::now(), Progress::lag)?;
        std::thread::sleep(WATERMARK_PAUSE);
    }
    Ok(server)
}

/// What Onhand needed, from the first look at it after it was ready.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Sales that were left at the first look: those before are not counted, nor is their time.
    pub sales: u64,
    /// Until all of them were durable and applied.
    pub applied: Duration,
    /// Until all changes were published too.
    pub published: Option<Duration>,
}

fn measure(settings: &Settings, progress: &mut Progress) -> Result<Took, Failure> {
    let start = Instant::now();
    let left = |progress: &mut Progress| Ok(settings.sales.saturating_sub(progress.applied()?));
    let sales = left(progress)?;
    let applied = progress.until_none_left("sales", start, left)?;
    let published = match settings.publishing {
        Publishing::On => Some(progress.until_none_left("records", start, Progress::lag)?),
        Publishing::Off => None,
    };
    Ok(Took { sales, applied, published })
}

fn fill(
    settings: &Settings,
    topic: &Topic,
    tenant: &str,
    warehouse: Warehouse,
) -> Result<Sold, Failure> {
    let mut sold = Sold::nothing(warehouse);
    let picker = Picker::new(settings.pick, settings.positions, settings.seed);
    topic.fill(settings.sales, |number, key, payload| {
        let mut random = Random::at(settings.seed, number);
        let position = picker.draw(&mut random);
        let units = 1 + random.below(UNITS_MAX);
        // One position's sales stay in their order.
        key.extend_from_slice(warehouse.label(position).as_bytes());
        sale::write(number, position, units, (tenant, warehouse), payload);
        sold.enter(position, Quantity::from_micros(i128::from(units) * 1_000_000));
    })?;
    Ok(sold)
}

/// Sales per second of a loop that reads and parses them, and does nothing with them.
fn bare(topic: &Topic, sales: u64) -> Result<f64, Failure> {
    let took = topic.read(sales, |payload| {
        let sale: Sale<'_> =
            serde_json::from_slice(payload).map_err(|wrong| malformed(topic, &wrong))?;
        std::hint::black_box(sale);
        Ok(())
    })?;
    Ok(sales as f64 / took.as_secs_f64())
}

/// What was published about sales, by position.
fn published(
    topic: &Topic,
    messages: u64,
    warehouse: Warehouse,
    findings: &mut Findings,
) -> Result<Sold, Failure> {
    let mut told = Sold::nothing(warehouse);
    topic.read(messages, |payload| {
        let change: Change<'_> =
            serde_json::from_slice(payload).map_err(|wrong| malformed(topic, &wrong))?;
        let Change { event_type, payload } = change;
        if event_type != "StockLevelChanged" || payload.change_reason.as_deref() != Some("SALE") {
            return Ok(());
        }
        let amount = payload.change_amount.unwrap_or_default();
        match warehouse.find(&payload.item_id, &payload.location_id) {
            Some(position) => told.enter(position, Quantity::ZERO - amount),
            None => findings.add(Finding::PositionUnknown {
                position: format!("{}/{}", payload.item_id, payload.location_id),
            }),
        }
        Ok(())
    })?;
    Ok(told)
}

fn malformed(topic: &Topic, wrong: &serde_json::Error) -> Failure {
    Failure::Contract { call: format!("topic {}", topic.name), detail: wrong.to_string() }
}

fn environment(
    settings: &Settings,
    [sales, changes, letters]: [&Topic; 3],
    sources: &str,
) -> Vec<(&'static str, String)> {
    let routes = match settings.publishing {
        Publishing::On => format!("{}=standard", changes.name),
        Publishing::Off => String::new(),
    };
    vec![
        ("ONHAND_KAFKA_BROKERS", settings.bootstrap.clone()),
        ("ONHAND_KAFKA_SOURCES", sources.to_owned()),
        ("ONHAND_KAFKA_ROUTES", routes),
        ("ONHAND_KAFKA_DEAD_LETTER_TOPIC", letters.name.clone()),
        ("ONHAND_KAFKA_GROUP_ID", sales.name.clone()),
    ]
}
