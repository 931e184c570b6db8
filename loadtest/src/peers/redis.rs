//! Redis: one script per reservation, and a stream as the outbox, in an append-only file that is synced
//! before each answer.

use std::path::Path;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Pipeline, cmd, pipe};
use tokio::runtime::Runtime;

use super::account::{Shelf, Told};
use super::instance::{Home, Instance, program};
use super::race::{self, Buyer};
use super::{Outcome, Settings};
use crate::failure::Failure;
use crate::order::{Line, OrderNumber};
use crate::quantity::Quantity;
use crate::request::order_id;
use crate::warehouse::{Position, Warehouse};

/// The file of its socket, within its directory.
const SOCKET: &str = "redis.sock";
/// The outbox.
const EVENTS: &str = "events";
/// Counts reservations, so that the audit need not list their keys.
const COUNT: &str = "reservations";
/// Keys that one pipeline fills or reads.
const PIPELINE: usize = 1_000;

/// Keys: position, reservation, outbox, count. Arguments: quantity, deadline in seconds from now.
const RESERVE: &str = "\
local quantity = tonumber(ARGV[1])
local available = tonumber(redis.call('HGET', KEYS[1], 'available'))
if not available or available < quantity then return 0 end
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HINCRBY', KEYS[1], 'available', -quantity)
redis.call('HINCRBY', KEYS[1], 'reserved', quantity)
local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
local expires = tonumber(redis.call('TIME')[1]) + tonumber(ARGV[2])
redis.call('HSET', KEYS[2], 'position', KEYS[1], 'quantity', ARGV[1], 'status', 'ACTIVE', 'expiresAt', expires)
redis.call('INCR', KEYS[4])
redis.call('XADD', KEYS[3], '*', 'eventType', 'StockReserved', 'aggregateId', KEYS[1],
    'aggregateVersion', version, 'orderId', KEYS[2], 'quantity', ARGV[1], 'expiresAt', expires)
return 1";

/// A whole turn.
///
/// # Errors
/// When it is not installed, does not start, or fails.
pub(super) fn carry_out(settings: &Settings, runtime: &Runtime) -> Result<Outcome, Failure> {
    let instance = start(settings.data_parent.as_deref())?;
    let directory = instance.path().to_owned();
    let buyers = runtime.block_on(async {
        let mut connection = connect(&directory).await?;
        fill(&mut connection, settings).await?;
        let script: String =
            cmd("SCRIPT").arg("LOAD").arg(RESERVE).query_async(&mut connection).await?;
        let mut buyers = Vec::with_capacity(settings.connections);
        for _ in 0..settings.connections {
            let connection = connect(&directory).await?;
            let (script, warehouse) = (script.clone(), settings.warehouse);
            buyers.push(Shopper { connection, script, warehouse });
        }
        Ok::<_, Failure>(buyers)
    })?;
    let (tally, acknowledged) = race::run(buyers, settings, runtime)?;
    let told = runtime.block_on(async { told(&mut connect(&directory).await?, settings).await })?;
    Ok(Outcome { tally, findings: acknowledged.compare(settings.stock, &told) })
}

fn start(parent: Option<&Path>) -> Result<Instance, Failure> {
    let server = program("redis-server").ok_or_else(|| Failure::Start {
        server: "redis-server".into(),
        detail: "it is not on the search path".into(),
    })?;
    let home = Home::make(parent, &[])?;
    let socket = home.path().join(SOCKET);
    let mut command = home.command(&server);
    command.args(["--port", "0", "--save", "", "--daemonize", "no", "--maxclients", "4000"]);
    // A rewrite of the file beside the turn would be Redis's burden alone.
    command.args(["--appendonly", "yes", "--appendfsync", "always"]);
    command.args(["--auto-aof-rewrite-percentage", "0", "--unixsocket"]).arg(&socket);
    command.arg("--dir").arg(home.path());
    home.start(command, None, |path| {
        std::os::unix::net::UnixStream::connect(path.join(SOCKET)).is_ok()
    })
}

async fn connect(directory: &Path) -> Result<MultiplexedConnection, Failure> {
    let client = Client::open(format!("redis+unix://{}", directory.join(SOCKET).display()))?;
    // The client's own limit of half a second is no part of the comparison.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

fn key(warehouse: Warehouse, position: Position) -> String {
    format!("stock:{}", warehouse.label(position))
}

async fn fill(connection: &mut MultiplexedConnection, settings: &Settings) -> Result<(), Failure> {
    let all: Vec<Position> = (0..settings.warehouse.positions()).collect();
    let stock = settings.stock.micros().to_string();
    for some in all.chunks(PIPELINE) {
        let mut pipeline = pipe();
        for position in some {
            let put = pipeline.cmd("HSET").arg(key(settings.warehouse, *position));
            put.arg("available").arg(&stock).arg("reserved").arg(0).arg("version").arg(1).ignore();
        }
        pipeline.exec_async(connection).await?;
    }
    Ok(())
}

/// One connection.
struct Shopper {
    connection: MultiplexedConnection,
    script: String,
    warehouse: Warehouse,
}

impl Buyer for Shopper {
    async fn buy(&mut self, orders: &[(OrderNumber, Line)]) -> Result<Vec<bool>, Failure> {
        let mut pipeline = Pipeline::with_capacity(orders.len());
        for (number, line) in orders {
            let call = pipeline.cmd("EVALSHA").arg(&self.script).arg(4);
            call.arg(key(self.warehouse, line.position)).arg(order_id(*number));
            call.arg(EVENTS).arg(COUNT).arg(line.quantity.micros().to_string()).arg(900);
        }
        Ok(pipeline.query_async(&mut self.connection).await?)
    }
}

async fn told(
    connection: &mut MultiplexedConnection,
    settings: &Settings,
) -> Result<Told, Failure> {
    let all: Vec<Position> = (0..settings.warehouse.positions()).collect();
    let mut shelves = Vec::with_capacity(all.len());
    for some in all.chunks(PIPELINE) {
        let mut pipeline = pipe();
        for position in some {
            let key = key(settings.warehouse, *position);
            pipeline.cmd("HMGET").arg(key).arg("available").arg("reserved");
        }
        let rows: Vec<(i64, i64)> = pipeline.query_async(connection).await?;
        let quantity = |micros: i64| Quantity::from_micros(micros.into());
        for (position, (available, reserved)) in some.iter().zip(rows) {
            let shelf = Shelf { available: quantity(available), reserved: quantity(reserved) };
            shelves.push((*position, shelf));
        }
    }
    let reservations: Option<u64> = cmd("GET").arg(COUNT).query_async(connection).await?;
    let events: u64 = cmd("XLEN").arg(EVENTS).query_async(connection).await?;
    Ok(Told { shelves, reservations: reservations.unwrap_or(0), events })
}
