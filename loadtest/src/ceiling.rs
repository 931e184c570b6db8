//! The ceiling: a server that parses the same JSON, answers JSON of the same size, and does
//! nothing in between. No stock engine behind axum can be faster on the same machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Largest body of a batch, as in the contract.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Connections that may wait to be accepted.
const ACCEPT_QUEUE: u32 = 4_096;
/// How the line begins that says where the server listens.
pub const LISTENING: &str = "listening on ";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    order_id: String,
    #[serde(rename = "ttlSeconds")]
    _ttl_seconds: Option<u32>,
    lines: Vec<WishLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WishLine {
    item_id: String,
    location_id: String,
    quantity: serde_json::Number,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    reservation_id: String,
    order_id: String,
    status: &'static str,
    expires_at: &'static str,
    created_at: &'static str,
    version: u32,
    sequence: u64,
    lines: Vec<AnswerLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerLine {
    item_id: String,
    location_id: String,
    quantity: serde_json::Number,
    fulfilled: u32,
    released: u32,
}

#[derive(Serialize)]
struct BatchAnswer {
    results: Vec<BatchResult>,
    succeeded: usize,
    failed: usize,
}

#[derive(Serialize)]
struct BatchResult {
    status: u16,
    answer: Answer,
}

#[derive(Serialize)]
struct Receipts {
    succeeded: usize,
    failed: usize,
}

fn answer_to(wish: Wish, sequence: u64) -> Answer {
    let line = |line: WishLine| AnswerLine {
        item_id: line.item_id,
        location_id: line.location_id,
        quantity: line.quantity,
        fulfilled: 0,
        released: 0,
    };
    Answer {
        reservation_id: format!("01938f3a-7c1e-7000-8000-{sequence:012x}"),
        order_id: wish.order_id,
        status: "ACTIVE",
        expires_at: "2026-02-09T12:15:00.000000Z",
        created_at: "2026-02-09T12:00:00.000000Z",
        version: 1,
        sequence,
        lines: wish.lines.into_iter().map(line).collect(),
    }
}

async fn reserve(
    State(sequence): State<Arc<AtomicU64>>,
    Json(wish): Json<Wish>,
) -> (StatusCode, Json<Answer>) {
    let sequence = sequence.fetch_add(1, Ordering::Relaxed);
    (StatusCode::CREATED, Json(answer_to(wish, sequence)))
}

async fn reserve_batch(
    State(sequence): State<Arc<AtomicU64>>,
    Json(wishes): Json<Vec<Wish>>,
) -> Json<BatchAnswer> {
    let succeeded = wishes.len();
    let count = u64::try_from(succeeded).expect("a batch in memory");
    let first = sequence.fetch_add(count, Ordering::Relaxed);
    let results = wishes
        .into_iter()
        .zip(first..)
        .map(|(wish, sequence)| BatchResult { status: 201, answer: answer_to(wish, sequence) })
        .collect();
    Json(BatchAnswer { results, succeeded, failed: 0 })
}

/// Says yes to receipts, so that a run can set itself up.
async fn receive_batch(Json(entries): Json<Vec<IgnoredAny>>) -> Json<Receipts> {
    Json(Receipts { succeeded: entries.len(), failed: 0 })
}

/// Serves until the process ends, and says on standard output where.
///
/// # Errors
/// When the address cannot be listened on.
pub fn serve(listen: SocketAddr) -> Result<(), Failure> {
    let routes = Router::new()
        .route("/v1/reservations", post(reserve))
        .route("/v1/reservations:batch", post(reserve_batch))
        .route("/v1/stock:batch", post(receive_batch))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(AtomicU64::new(1)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_io().build()?;
    runtime.block_on(async {
        let socket = match listen {
            SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let listener = socket.listen(ACCEPT_QUEUE)?;
        println!("{LISTENING}{}", listener.local_addr()?);
        // Left on, Nagle would delay answers; a socket that refuses is slower, not wrong.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, routes).await?;
        Ok(())
    })
}
