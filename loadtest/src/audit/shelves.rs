//! Reads all positions of the tenant, page by page.

use std::borrow::Cow;
use std::net::SocketAddr;

use serde::Deserialize;

use super::books::Figures;
use super::finding::{Finding, Findings};
use crate::client::{Client, excerpt};
use crate::failure::Failure;
use crate::quantity::Quantity;
use crate::request::{Requests, Target, percent_encoded};
use crate::warehouse::Position;

/// The largest page there is.
const PAGE_ITEMS: u32 = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<Row<'a>>,
    #[serde(borrow)]
    next_cursor: Option<Cow<'a, str>>,
}

/// Flat: `flatten` would read numbers as floats.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(borrow)]
    item_id: Cow<'a, str>,
    #[serde(borrow)]
    location_id: Cow<'a, str>,
    on_hand: Quantity,
    available: Quantity,
    reserved: Quantity,
    committed: Quantity,
    damaged: Quantity,
    quality_hold: Quantity,
    in_transit: Quantity,
    sellable: Quantity,
}

/// The figures of every position that is ours; others are findings.
///
/// # Errors
/// When a page cannot be read: without the positions there is no audit.
pub fn read(
    address: SocketAddr,
    target: &Target,
    findings: &mut Findings,
) -> Result<Vec<(Position, Figures)>, Failure> {
    let mut client = Client::new(address);
    let requests = Requests::new(target.clone());
    let mut all = Vec::new();
    let mut path = format!("/v1/positions?limit={PAGE_ITEMS}");
    loop {
        let mut request = Vec::new();
        requests.get(&path, &mut request);
        let call = || format!("GET {path}");
        let (status, body) = client.call(&request)?;
        if status != 200 {
            return Err(Failure::Refused { call: call(), status, body: excerpt(body) });
        }
        let page: Page<'_> = serde_json::from_slice(body).map_err(|wrong| Failure::Contract {
            call: call(),
            detail: format!("{wrong}: {}", excerpt(body)),
        })?;
        for row in &page.items {
            match target.warehouse.find(&row.item_id, &row.location_id) {
                Some(position) => all.push((position, row.figures())),
                None => findings.add(Finding::PositionUnknown {
                    position: format!("{}/{}", row.item_id, row.location_id),
                }),
            }
        }
        let Some(cursor) = page.next_cursor else { return Ok(all) };
        if page.items.is_empty() {
            let detail = "an empty page names a next one".into();
            return Err(Failure::Contract { call: call(), detail });
        }
        path = format!("/v1/positions?limit={PAGE_ITEMS}&cursor={}", percent_encoded(&cursor));
    }
}

impl Row<'_> {
    const fn figures(&self) -> Figures {
        Figures {
            on_hand: self.on_hand,
            available: self.available,
            reserved: self.reserved,
            committed: self.committed,
            damaged: self.damaged,
            quality_hold: self.quality_hold,
            in_transit: self.in_transit,
            sellable: self.sellable,
        }
    }
}
