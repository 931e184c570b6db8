//! Puts the stock on the shelves before a run.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::client::{Client, excerpt};
use crate::failure::Failure;
use crate::quantity::Quantity;
use crate::request::{Requests, Target};

/// Receipts per call.
const RECEIPTS_PER_CALL: u32 = 4_000;
/// How often a call is repeated that was told to come back later, and the pause before.
const ATTEMPTS_MAX: u32 = 100;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(50);
const CALL: &str = "POST /v1/stock:batch";

#[derive(Deserialize)]
struct BatchOutcome {
    succeeded: u32,
    failed: u32,
}

/// Receives `stock` at every position, with acknowledgement of each.
///
/// # Errors
/// When a receipt is refused: the run would not know what there is.
pub fn receive_stock(address: SocketAddr, target: &Target, stock: Quantity) -> Result<(), Failure> {
    let mut client = Client::new(address);
    let mut requests = Requests::new(target.clone());
    let positions = target.warehouse.positions();
    let mut request = Vec::new();
    let mut start = 0;
    while start < positions {
        let end = positions.min(start.saturating_add(RECEIPTS_PER_CALL));
        request.clear();
        requests.receive(start..end, stock, &mut request);
        let outcome = call_until_decided(&mut client, &request)?;
        if outcome.failed != 0 || outcome.succeeded != end - start {
            let detail = format!(
                "{} of {} receipts succeeded, {} failed",
                outcome.succeeded,
                end - start,
                outcome.failed
            );
            return Err(Failure::Contract { call: CALL.into(), detail });
        }
        start = end;
    }
    Ok(())
}

fn call_until_decided(client: &mut Client, request: &[u8]) -> Result<BatchOutcome, Failure> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match client.call(request)? {
            (200, body) => {
                return serde_json::from_slice(body).map_err(|wrong| Failure::Contract {
                    call: CALL.into(),
                    detail: format!("{wrong}: {}", excerpt(body)),
                });
            }
            (429 | 503, _) if attempt < ATTEMPTS_MAX => std::thread::sleep(ATTEMPT_PAUSE),
            (status, body) => {
                let body = excerpt(body);
                return Err(Failure::Refused { call: CALL.into(), status, body });
            }
        }
    }
}
