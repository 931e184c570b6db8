//! Till sales over Kafka: how fast Onhand takes them in, beside a bare loop that only reads them, and a
//! Kafka Streams application that does the same work.

pub mod paced;
pub mod progress;
pub mod sale;
pub mod sold;
pub mod streams;
pub mod table;
pub mod topic;

use std::time::{Duration, Instant};

use onhand_tests::kafka::Broker;
use serde::Serialize;

use self::paced::Paced;
use self::progress::Progress;
use self::sale::{Change, Sale};
use self::sold::Sold;
use self::streams::{Pace, Streams};
use self::table::{Audited, Others, Table};
use self::topic::Topic;
use crate::audit::finding::{Finding, Findings};
use crate::audit::shelves;
use crate::failure::Failure;
use crate::machine::LoadAverage;
use crate::pick::{Pick, Picker};
use crate::quantity::Quantity;
use crate::random::Random;
use crate::request::{Keys, Target};
use crate::run::new_tenant;
use crate::server::{Installation, Server};
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

/// Whether somebody has a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Turn {
    /// Where the machine has what it needs; else a line says what is lacking.
    Auto,
    /// Without it there is no run.
    On,
    /// No.
    Off,
}

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which `onhand`.
    pub onhand: Installation,
    /// The broker, as `host:port`; `None`: one of the run's own.
    pub bootstrap: Option<String>,
    /// Whether the Kafka Streams application has a turn.
    pub streams: Turn,
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
    /// How long sales come in at half of the rate that was reached, to see how long changes take to
    /// their topic; zero: not at all, as without publishing.
    pub paced: Duration,
}

/// Fills a topic, reads it bare, lets Onhand and Kafka Streams read it, reads it bare again, audits.
///
/// # Errors
/// When the run could not be carried out. A failed audit is part of the table.
pub fn carry_out(settings: &Settings) -> Result<Table, Failure> {
    if settings.sales == 0 || settings.positions == 0 || settings.partitions == 0 {
        return Err(Failure::Settings(
            "sales, positions and partitions must be more than 0".into(),
        ));
    }
    let load_average = LoadAverage::begin();
    let own = match settings.bootstrap {
        Some(_) => None,
        None => Some(Broker::start_for_load().map_err(|lacking| Failure::Start {
            server: "the Kafka broker".into(),
            detail: lacking.to_string(),
        })?),
    };
    let given = settings.bootstrap.clone();
    let bootstrap = given.or_else(|| own.as_ref().map(Broker::bootstrap)).unwrap_or_default();
    let stage = Stage::set(settings, bootstrap)?;
    let bare_before = bare(&stage.sales, settings.sales)?;
    let (took, mut audited) = stage.onhand()?;
    let streams = if stage.has_streams()? { Some(stage.streams(&mut audited)?) } else { None };
    let bare_after = bare(&stage.sales, settings.sales)?;
    let (bare, load_average) = ([bare_before, bare_after], load_average.end());
    Ok(Table::new(settings, bare, took, Others { streams, load_average }, audited))
}

/// A filled topic, and what its contestants need.
struct Stage<'a> {
    settings: &'a Settings,
    bootstrap: String,
    tenant: String,
    warehouse: Warehouse,
    sales: Topic,
    sold: Sold,
}

impl<'a> Stage<'a> {
    fn set(settings: &'a Settings, bootstrap: String) -> Result<Self, Failure> {
        let (tenant, warehouse) =
            (new_tenant(), Warehouse { items: settings.positions, locations: 1 });
        let sales = Topic::create(&bootstrap, format!("{tenant}-sales"), settings.partitions)?;
        let sold = fill(settings, &sales, &tenant, warehouse)?;
        Ok(Self { settings, bootstrap, tenant, warehouse, sales, sold })
    }

    fn topic(&self, what: &str) -> Result<Topic, Failure> {
        let name = format!("{}-{what}", self.tenant);
        Topic::create(&self.bootstrap, name, self.settings.partitions)
    }

    /// Onhand's turn.
    fn onhand(&self) -> Result<(Took, Audited), Failure> {
        let settings = self.settings;
        let (changes, letters) = (self.topic("changes")?, self.topic("letters")?);
        let steady = self.topic("paced")?;
        let environment = |sources: &str| self.environment(&changes, &letters, sources);
        let target = |server: &Server| Target {
            host: server.address.to_string(),
            tenant: self.tenant.clone(),
            warehouse: self.warehouse,
            ttl_seconds: 0,
            keys: Keys::Sent,
        };
        let server = stocked(settings, &environment(""), target)?;
        let sources = format!("{},{}", self.sales.name, steady.name);
        let server = server.restart(&environment(&sources))?;
        let target = target(&server);
        let mut progress = Progress::new(server.address, &target, &self.sales.name);
        let mut took = measure(settings, &mut progress)?;
        let mut sold = self.sold.clone();
        if let Some(published) = took.published.filter(|_| !settings.paced.is_zero()) {
            let rate = took.sales as f64 / published.as_secs_f64() / 2.0;
            let mut progress = Progress::new(server.address, &target, &steady.name);
            let (place, way) =
                ((self.tenant.as_str(), self.warehouse), (&steady, rate, settings.paced));
            took.paced = Some(paced::sell(settings, way, place, &mut progress, &mut sold)?);
        }
        let mut findings = Findings::default();
        let dead_letters = progress.dead_letters()?;
        let shelves = shelves::read(server.address, &target, &mut findings)?;
        sold.compare_shelves(settings.stock, &shelves, &mut findings);
        drop(server);
        let published = match settings.publishing {
            Publishing::On => Some(self.audit_changes(&changes, &sold, &mut findings)?),
            Publishing::Off => None,
        };
        let audited = Audited {
            positions: u64::try_from(shelves.len()).unwrap_or(u64::MAX),
            published,
            dead_letters,
            findings: findings.count(),
            first_findings: findings.into_first(),
        };
        Ok((took, audited))
    }

    /// Whether Kafka Streams has a turn.
    fn has_streams(&self) -> Result<bool, Failure> {
        match (self.settings.streams, streams::lacking()) {
            (Turn::Off, _) => Ok(false),
            (Turn::On | Turn::Auto, None) => Ok(true),
            (Turn::Auto, Some(lacking)) => {
                eprintln!("Kafka Streams has no turn: {lacking}");
                Ok(false)
            }
            (Turn::On, Some(detail)) => {
                Err(Failure::Start { server: "Kafka Streams".into(), detail })
            }
        }
    }

    /// The turn of Kafka Streams, and its audit: what it told must be the sales, each once.
    fn streams(&self, audited: &mut Audited) -> Result<Pace, Failure> {
        let changes = self.topic("streams-changes")?;
        let units = u64::try_from(self.settings.stock.micros() / 1_000_000).unwrap_or(0);
        let (topics, parent) =
            ((&self.sales, &changes), self.settings.onhand.data_parent.as_deref());
        let streams = Streams::start(&self.bootstrap, topics, units, parent)?;
        let pace = streams.finish(&self.sales, self.settings.sales)?;
        drop(streams);
        let mut findings = Findings::default();
        self.audit_changes(&changes, &self.sold, &mut findings)?;
        audited.findings += findings.count();
        let named = findings.into_first().into_iter().map(|one| format!("Kafka Streams: {one}"));
        audited.first_findings.extend(named);
        Ok(pace)
    }

    /// Holds all that was told of changes against the sales. Returns how many messages were read.
    fn audit_changes(
        &self,
        changes: &Topic,
        sold: &Sold,
        findings: &mut Findings,
    ) -> Result<u64, Failure> {
        let mut told = Sold::nothing(self.warehouse);
        let messages = changes.read_all(|payload| {
            let change: Change<'_> =
                serde_json::from_slice(payload).map_err(|wrong| malformed(changes, &wrong))?;
            let Change { event_type, payload } = change;
            if event_type != "StockLevelChanged" || payload.change_reason.as_deref() != Some("SALE")
            {
                return Ok(());
            }
            let amount = payload.change_amount.unwrap_or_default();
            match self.warehouse.find(&payload.item_id, &payload.location_id) {
                Some(position) => told.enter(position, Quantity::ZERO - amount),
                None => findings.add(Finding::PositionUnknown {
                    position: format!("{}/{}", payload.item_id, payload.location_id),
                }),
            }
            Ok(())
        })?;
        sold.compare_published(&told, findings);
        Ok(messages)
    }

    fn environment(
        &self,
        changes: &Topic,
        letters: &Topic,
        sources: &str,
    ) -> Vec<(&'static str, String)> {
        let routes = match self.settings.publishing {
            Publishing::On => format!("{}=standard", changes.name),
            Publishing::Off => String::new(),
        };
        vec![
            ("ONHAND_KAFKA_BROKERS", self.bootstrap.clone()),
            ("ONHAND_KAFKA_SOURCES", sources.to_owned()),
            ("ONHAND_KAFKA_ROUTES", routes),
            ("ONHAND_KAFKA_DEAD_LETTER_TOPIC", letters.name.clone()),
            ("ONHAND_KAFKA_GROUP_ID", self.sales.name.clone()),
        ]
    }
}

/// A server that has its stock and has published that, and reads no topic.
fn stocked(
    settings: &Settings,
    environment: &[(&str, String)],
    target: impl Fn(&Server) -> Target,
) -> Result<Server, Failure> {
    let server = settings.onhand.start(environment)?;
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
    /// How long changes took to their topic at half of that rate.
    pub paced: Option<Paced>,
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
    Ok(Took { sales, applied, published, paced: None })
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

fn malformed(topic: &Topic, wrong: &serde_json::Error) -> Failure {
    Failure::Contract { call: format!("topic {}", topic.name), detail: wrong.to_string() }
}
