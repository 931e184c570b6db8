//! What each type asks for.

use std::sync::Arc;

use onhand_domain::command::{Action, Detail, Force, Place, StartTransfer, StockEntry};
use onhand_domain::ids::{InvalidId, ItemId, LocationId, LotNumber, Reference};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::time::{Day, Timestamp};
use onhand_engine::ids::parse_transfer_id;

use super::fault::Fault;
use super::goods::{Goods, Key};
use super::{InType, Work};
use crate::http::decimal::{Field, Range};
use crate::http::timestamp;

/// What is to be done about this. All of them are facts: they say what is so.
///
/// # Errors
/// A member is missing or makes no sense.
pub(super) fn of(
    canonical: InType,
    goods: &Goods<'_>,
    occurred_at: Option<Timestamp>,
) -> Result<Work, Fault> {
    let happened = Detail { occurred_at, ..Detail::default() };
    match canonical {
        InType::SaleCompleted => sale(goods, happened).map(Work::Do),
        InType::ReceiptCompleted => receipt(goods, happened).map(Work::Do),
        InType::TransferInitiated => departure(goods, happened).map(Work::Do),
        InType::TransferCompleted => arrival(goods, happened),
    }
}

fn sale(goods: &Goods<'_>, happened: Detail) -> Result<Action, Fault> {
    Ok(Action::Sell(StockEntry {
        place: place(goods)?,
        quantity: quantity(goods)?,
        detail: kept(Detail {
            document: id_if(goods, Key::SaleId, Reference::parse)?,
            amount: money_if(goods, Key::Amount)?,
            ..happened
        }),
    }))
}

fn receipt(goods: &Goods<'_>, happened: Detail) -> Result<Action, Fault> {
    Ok(Action::Receive(StockEntry {
        place: place(goods)?,
        quantity: quantity(goods)?,
        detail: kept(Detail {
            document: id_if(goods, Key::ReceiptId, Reference::parse)?,
            lot: id_if(goods, Key::LotNumber, LotNumber::parse)?,
            expiry: day_if(goods, Key::ExpiryDate)?,
            unit_cost: money_if(goods, Key::UnitCost)?,
            ..happened
        }),
    }))
}

/// The document is the transfer's name at whoever began it; the one by which its arrival is told.
fn departure(goods: &Goods<'_>, happened: Detail) -> Result<Action, Fault> {
    let from = id(goods, Key::FromLocationId, LocationId::parse)?;
    let to = id(goods, Key::ToLocationId, LocationId::parse)?;
    if from == to {
        return Err(Fault::invalid(Key::ToLocationId.name(), "is where the goods come from"));
    }
    Ok(Action::StartTransfer(Box::new(StartTransfer {
        item: id(goods, Key::ItemId, ItemId::parse)?,
        from,
        to,
        quantity: quantity(goods)?,
        force: Force::Fact,
        detail: kept(Detail {
            document: id_if(goods, Key::TransferId, Reference::parse)?,
            lot: id_if(goods, Key::LotNumber, LotNumber::parse)?,
            ..happened
        }),
    })))
}

fn arrival(goods: &Goods<'_>, happened: Detail) -> Result<Work, Fault> {
    let name = id(goods, Key::TransferId, Reference::parse)?;
    let quantity = goods.get(Key::Quantity).map(|_| quantity(goods)).transpose()?;
    let detail = kept(happened);
    Ok(match parse_transfer_id(name.as_str()) {
        Some(transfer) => Work::Do(Action::ReceiveTransfer { transfer, quantity, detail }),
        None => Work::ReceiveNamed { transfer: name, quantity, detail },
    })
}

fn kept(detail: Detail) -> Option<Arc<Detail>> {
    (detail != Detail::default()).then(|| Arc::new(detail))
}

fn place(goods: &Goods<'_>) -> Result<Place, Fault> {
    Ok(Place {
        item: id(goods, Key::ItemId, ItemId::parse)?,
        location: id(goods, Key::LocationId, LocationId::parse)?,
    })
}

fn id<T>(
    goods: &Goods<'_>,
    key: Key,
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<T, Fault> {
    id_if(goods, key, parse)?.ok_or_else(|| Fault::missing(key.name()))
}

fn id_if<T>(
    goods: &Goods<'_>,
    key: Key,
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<Option<T>, Fault> {
    let Some(raw) = goods.get(key) else { return Ok(None) };
    let name = key.name();
    parse(&raw.text(name)?).map(Some).map_err(|error| Fault::id(name, error))
}

/// Something must move.
fn quantity(goods: &Goods<'_>) -> Result<Quantity, Fault> {
    let name = Key::Quantity.name();
    let raw = goods.get(Key::Quantity).ok_or_else(|| Fault::missing(name))?;
    let read = raw.decimal().quantity(Field::named(name), Range::Positive);
    read.map_err(|problem| Fault::figure(name, &problem))
}

fn money_if(goods: &Goods<'_>, key: Key) -> Result<Option<Money>, Fault> {
    let Some(raw) = goods.get(key) else { return Ok(None) };
    let read = raw.decimal().money(Field::named(key.name()));
    read.map(Some).map_err(|problem| Fault::figure(key.name(), &problem))
}

fn day_if(goods: &Goods<'_>, key: Key) -> Result<Option<Day>, Fault> {
    let Some(raw) = goods.get(key) else { return Ok(None) };
    let name = key.name();
    let read = timestamp::parse_day(Field::named(name), &raw.text(name)?);
    read.map(Some).map_err(|_| Fault::time(name, "is not a day such as 2026-02-09"))
}
