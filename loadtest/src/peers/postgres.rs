//! `PostgreSQL`: one prepared statement per reservation, in a transaction of its own.

use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::account::{Shelf, Told};
use super::instance::{Home, Instance, program};
use super::race::{self, Buyer};
use super::{Outcome, Settings};
use crate::failure::Failure;
use crate::order::{Line, OrderNumber};
use crate::quantity::Quantity;
use crate::request::order_id;
use crate::warehouse::Warehouse;

/// It refuses to run as root.
const USERS: [&str; 2] = ["postgres", "nobody"];
/// Its superuser, whatever the system's user is called.
const ROLE: &str = "loadtest";
/// Names the socket file; nobody listens on the port.
const PORT: u16 = 5_432;
/// Where Debian keeps the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Shelves that one statement fills.
const FILL_ROWS: usize = 1_000;

/// Durable as it comes (`fsync`, `full_page_writes` and `synchronous_commit` are on); memory and log as
/// for heavy writing, so that no checkpoint falls into a turn. Only a socket in its directory.
const SETTINGS: &str = "\
listen_addresses = ''
unix_socket_permissions = 0777
max_connections = 600
shared_buffers = 512MB
synchronous_commit = on
max_wal_size = 8GB
checkpoint_timeout = 30min
";

/// Room on each page of positions keeps an updated row beside the old one, without touching the index.
const SCHEMA: &str = "\
CREATE TABLE positions (
    item text, location text, available bigint NOT NULL CHECK (available >= 0),
    reserved bigint NOT NULL, version bigint NOT NULL, PRIMARY KEY (item, location)
) WITH (fillfactor = 50);
CREATE TABLE reservations (
    order_id text PRIMARY KEY, item text NOT NULL, location text NOT NULL, quantity bigint NOT NULL,
    status text NOT NULL, expires_at timestamptz NOT NULL
);
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, aggregate_id text NOT NULL,
    aggregate_version bigint NOT NULL, event_type text NOT NULL, payload text NOT NULL
);";

const FILL: &str = "\
INSERT INTO positions SELECT item, location, available, 0, 1 \
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS filled(item, location, available)";

/// Takes, writes the reservation and the event: one round trip, one commit. Makes no row when the stock
/// is not there.
const RESERVE: &str = "\
WITH held AS (
    UPDATE positions SET available = available - $3, reserved = reserved + $3, version = version + 1
    WHERE item = $1 AND location = $2 AND available >= $3
    RETURNING item, location, available, reserved, version
), made AS (
    INSERT INTO reservations
    SELECT $4, item, location, $3, 'ACTIVE', now() + interval '15 minutes' FROM held
    RETURNING order_id, expires_at
)
INSERT INTO outbox (aggregate_id, aggregate_version, event_type, payload)
SELECT item || ':' || location, version, 'StockReserved', json_build_object(
    'orderId', order_id, 'itemId', item, 'locationId', location, 'quantity', $3::bigint,
    'available', available, 'reserved', reserved, 'expiresAt', expires_at)::text
FROM held, made";

/// Where `initdb`, `postgres` and `pg_ctl` are: on the search path, or the newest of Debian's.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    let whole = |folder: PathBuf| folder.join("initdb").is_file().then_some(folder);
    if let Some(folder) = program("initdb").and_then(|file| file.parent().map(Path::to_owned)) {
        return Some(folder);
    }
    let versions = std::fs::read_dir(DEBIAN).ok()?;
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().find_map(|(_, folder)| whole(folder))
}

/// A whole turn.
///
/// # Errors
/// When it is not installed, does not start, or fails.
pub(super) fn carry_out(settings: &Settings, runtime: &Runtime) -> Result<Outcome, Failure> {
    let programs = programs().ok_or_else(|| Failure::Start {
        server: "postgres".into(),
        detail: "there is no initdb on the search path and none of Debian's".into(),
    })?;
    let instance = start(&programs, settings.data_parent.as_deref())?;
    let directory = instance.path().to_owned();
    let buyers = runtime.block_on(async {
        let client = connect(&directory).await?;
        client.batch_execute(SCHEMA).await?;
        fill(&client, settings).await?;
        client.batch_execute("VACUUM ANALYZE positions").await?;
        let mut buyers = Vec::with_capacity(settings.connections);
        for _ in 0..settings.connections {
            buyers.push(Shopper::connect(&directory, settings.warehouse).await?);
        }
        Ok::<_, Failure>(buyers)
    })?;
    let (tally, acknowledged) = race::run(buyers, settings, runtime)?;
    let told = runtime.block_on(async { told(&connect(&directory).await?, settings).await })?;
    Ok(Outcome { tally, findings: acknowledged.compare(settings.stock, &told) })
}

fn start(programs: &Path, parent: Option<&Path>) -> Result<Instance, Failure> {
    let home = Home::make(parent, &USERS)?;
    let data = home.path().join("data");
    let mut init = home.command(&programs.join("initdb"));
    init.args(["--username", ROLE, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "-D"]);
    init.arg(&data);
    home.run(init)?;
    let socket = home.path().display().to_string();
    let text = format!("{SETTINGS}port = {PORT}\nunix_socket_directories = '{socket}'\n");
    std::fs::write(data.join("postgresql.auto.conf"), text)?;
    let mut stop = home.command(&programs.join("pg_ctl"));
    stop.args(["stop", "-m", "immediate", "-w", "-D"]).arg(&data);
    let mut server = home.command(&programs.join("postgres"));
    server.arg("-D").arg(&data);
    home.start(server, Some(stop), |path| {
        // The line is written last, when connections are taken.
        let status = std::fs::read_to_string(path.join("data/postmaster.pid"));
        status.is_ok_and(|text| text.lines().nth(7).map(str::trim) == Some("ready"))
    })
}

async fn connect(directory: &Path) -> Result<Client, Failure> {
    let mut config = Config::new();
    config.host_path(directory).port(PORT).user(ROLE).dbname("postgres");
    let (client, connection) = config.connect(NoTls).await?;
    // It ends when the client is dropped; what breaks it breaks the client's calls as well.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

fn small(quantity: Quantity) -> i64 {
    i64::try_from(quantity.micros()).expect("the stock of a race fits in 64 bits")
}

async fn fill(client: &Client, settings: &Settings) -> Result<(), Failure> {
    let statement = client.prepare(FILL).await?;
    let all: Vec<u32> = (0..settings.warehouse.positions()).collect();
    for some in all.chunks(FILL_ROWS) {
        let places: Vec<_> = some.iter().map(|it| settings.warehouse.place(*it)).collect();
        let items: Vec<&str> = places.iter().map(|(item, _)| item.as_str()).collect();
        let locations: Vec<&str> = places.iter().map(|(_, location)| location.as_str()).collect();
        let stock = vec![small(settings.stock); some.len()];
        client.execute(&statement, &[&items, &locations, &stock]).await?;
    }
    Ok(())
}

/// One connection with its prepared statement.
struct Shopper {
    client: Client,
    statement: Statement,
    warehouse: Warehouse,
}

impl Shopper {
    async fn connect(directory: &Path, warehouse: Warehouse) -> Result<Self, Failure> {
        let client = connect(directory).await?;
        let statement = client.prepare(RESERVE).await?;
        Ok(Self { client, statement, warehouse })
    }
}

impl Buyer for Shopper {
    async fn buy(&mut self, orders: &[(OrderNumber, Line)]) -> Result<Vec<bool>, Failure> {
        let mut bought = Vec::with_capacity(orders.len());
        for (number, line) in orders {
            let (item, location) = self.warehouse.place(line.position);
            let (quantity, order) = (small(line.quantity), order_id(*number));
            let made = self
                .client
                .execute(&self.statement, &[&item, &location, &quantity, &order])
                .await?;
            bought.push(made == 1);
        }
        Ok(bought)
    }
}

async fn told(client: &Client, settings: &Settings) -> Result<Told, Failure> {
    let count = async |table: &str| {
        let row = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?;
        Ok::<_, Failure>(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    };
    let rows =
        client.query("SELECT item, location, available, reserved FROM positions", &[]).await?;
    let quantity = |micros: i64| Quantity::from_micros(micros.into());
    let shelves = rows.iter().filter_map(|row| {
        let position = settings.warehouse.find(row.get(0), row.get(1))?;
        let shelf = Shelf { available: quantity(row.get(2)), reserved: quantity(row.get(3)) };
        Some((position, shelf))
    });
    Ok(Told {
        shelves: shelves.collect(),
        reservations: count("reservations").await?,
        events: count("outbox").await?,
    })
}
