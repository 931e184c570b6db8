//! What memory holds, against the model; and what must hold of it whatever the model says.

use std::collections::BTreeMap;

use onhand_domain::catalog::Standing;
use onhand_domain::layer::Area;
use onhand_domain::position::Bucket;
use onhand_domain::reservation::Status;
use onhand_domain::stock::Stock;

use super::{Checked, Names, promise, same, travel};
use crate::model::Model;
use crate::model::layers::{ByLot, Layer};
use crate::model::promise::Line;
use crate::model::shop::{Key, Position, Shop};

/// The whole memory.
pub(crate) fn check(stock: &Stock, model: &Model) -> Checked {
    let shops = || model.tenants.values();
    let sizes = stock.sizes();
    let counts = [sizes.tenants, sizes.items, sizes.locations, sizes.positions];
    let must = [
        model.tenants.len(),
        shops().map(|shop| shop.items.len()).sum(),
        shops().map(|shop| shop.locations.len()).sum(),
        shops().map(|shop| shop.positions.len()).sum(),
    ];
    same("tenants, items, locations, positions", &counts.map(|count| count as usize), &must)?;
    for (tenant, shop) in &model.tenants {
        let number = stock.tenant_number(tenant).ok_or(format!("tenant {tenant} is missing"))?;
        check_items(stock, number, shop)?;
        check_locations(stock, number, shop)?;
        check_positions(stock, number, shop)?;
        check_holds(tenant.as_str(), shop, model)?;
    }
    check_promises(stock, model)?;
    check_expiries(stock, model)?;
    let jobs = stock.jobs().behind(0).map(|job| (job.number, job.done));
    let must = model.jobs.iter().map(|(number, job)| (*number, job.done));
    same("jobs", &jobs.collect::<Vec<_>>(), &must.collect())?;
    check_keys(stock, model)?;
    check_sources(stock, model)
}

fn check_items(stock: &Stock, tenant: u32, shop: &Shop) -> Checked {
    for (id, must) in &shop.items {
        let number = stock.item_number(tenant, id).ok_or(format!("item {id} is missing"))?;
        let held = stock.item(number).ok_or(format!("item {id} is missing"))?;
        let is = (held.version, &held.attributes, held.standing == Standing::Archived);
        same(&format!("item {id}"), &is, &(must.version, &must.attributes, must.archived))?;
    }
    Ok(())
}

fn check_locations(stock: &Stock, tenant: u32, shop: &Shop) -> Checked {
    for (id, must) in &shop.locations {
        let number = stock.location_number(tenant, id);
        let number = number.ok_or(format!("location {id} is missing"))?;
        let held = stock.location(number).ok_or(format!("location {id} is missing"))?;
        let is = (held.version, &held.attributes, held.standing == Standing::Archived);
        same(&format!("location {id}"), &is, &(must.version, &must.attributes, must.removed))?;
        let bins = stock.bins(number).iter().map(|bin| (bin.id.clone(), bin.name.clone()));
        same(&format!("bins of {id}"), &bins.collect::<BTreeMap<_, _>>(), &must.bins)?;
    }
    Ok(())
}

fn check_positions(stock: &Stock, tenant: u32, shop: &Shop) -> Checked {
    shop.positions.keys().try_for_each(|key| position(stock, tenant, shop, key))
}

/// One position.
pub(crate) fn position(stock: &Stock, tenant: u32, shop: &Shop, key: &Key) -> Checked {
    let must = &shop.positions[key];
    let what = |part: &str| format!("{part} of {}@{}", key.0, key.1);
    let numbers = stock.item_number(tenant, &key.0).zip(stock.location_number(tenant, &key.1));
    let number = numbers.and_then(|(item, at)| stock.position_number(item, at));
    let held = number.and_then(|number| stock.position(number));
    let held = held.ok_or(what("the position is missing"))?;
    same(&what("figures"), &held.figures(), &must.figures())?;
    same(&what("version"), &(held.version, held.sequence), &(must.version, must.sequence))?;
    same(&what("policy"), &held.policy(), &must.own)?;
    same(&what("bin"), &held.bin(), &must.bin.as_ref())?;
    same(&what("alarms"), &(held.alarms.low, held.alarms.out), &(must.low, must.out))?;
    let on_hand = held.figures().on_hand().millionths();
    same(&what("conservation: on hand and the sum of movements"), &on_hand, &must.moved)?;
    if !held.figures().only_available_is_negative() {
        return Err(what("something else than `available` is below zero"));
    }
    check_layers(held, must, what)
}

/// "per place the sum of layers − shortage = the buckets", and what they are worth is what came in less
/// what went out.
fn check_layers(
    held: &onhand_domain::position::Position,
    must: &Position,
    what: impl Fn(&str) -> String,
) -> Checked {
    let layers = held.contents().to_layers();
    let one = |(area, layer): (Area, &onhand_domain::layer::Layer)| Layer {
        area,
        origin: layer.origin.clone(),
        amount: layer.quantity.millionths(),
    };
    let all: Vec<Layer> = layers.iter().map(one).collect();
    same(&what("layers"), &all, &must.layers.all)?;
    same(&what("shortage"), &layers.shortage().millionths(), &must.layers.shortage)?;
    if must.layers.of(Area::Shelf).next().is_none() {
        same(&what("last cost"), &layers.last_cost(), &must.layers.last_cost)?;
    }
    let figures = held.figures();
    let [damaged, hold, transit] = [figures.damaged, figures.quality_hold, figures.in_transit];
    let areas = [figures.shelf(), damaged, hold, transit];
    for (area, figure) in Area::ALL.into_iter().zip(areas) {
        let part = format!("layers less shortage in {area:?}");
        same(&what(&part), &layers.quantity(area), &figure)?;
        same(&what(&part), &must.layers.amount(area), &figure.millionths())?;
    }
    let value = layers.value().map(|value| i128::from(value.millionths()));
    same(&what("value, and the values of movements"), &value, &Some(must.valued))?;
    same(&what("average"), &held.average().map(super::record::averaged), &Some(must.averaged()))
}

/// Live holds are reserved and committed; what is on its way is `inTransit`.
fn check_holds(tenant: &str, shop: &Shop, model: &Model) -> Checked {
    let mut sums: BTreeMap<(Key, Bucket), i64> = BTreeMap::new();
    let mut lots: BTreeMap<Key, ByLot> = BTreeMap::new();
    let mut add = |key: Key, bucket: Bucket, amount: i64| {
        *sums.entry((key, bucket)).or_default() += amount;
    };
    for held in model.promises.values().filter(|held| held.tenant.as_str() == tenant) {
        for (line, key) in held.lines.iter().filter_map(|line| Some((line, line.held_at()?))) {
            let bucket = held.status.bucket().ok_or(format!("{} ended, and holds", held.number))?;
            if let Some(lot) = &line.lot {
                let of_lot = lots.entry(key.clone()).or_default();
                *of_lot.entry(lot.clone()).or_default() += line.open();
            }
            add(key, bucket, line.open());
        }
    }
    for held in model.transfers.values().filter(|held| held.tenant.as_str() == tenant) {
        add((held.item.clone(), held.to.clone()), Bucket::InTransit, held.open());
    }
    for (key, position) in &shop.positions {
        let of_lots = lots.remove(key).unwrap_or_default();
        same("promises by lot", &position.promised, &of_lots)?;
        for bucket in [Bucket::Reserved, Bucket::Committed, Bucket::InTransit] {
            let sum = sums.get(&(key.clone(), bucket)).copied().unwrap_or(0);
            let what = format!("{bucket:?} of {}@{} and its holds", key.0, key.1);
            same(&what, &Position::get(position, bucket), &sum)?;
        }
    }
    Ok(())
}

fn check_promises(stock: &Stock, model: &Model) -> Checked {
    let names = Names(stock);
    for must in model.promises.values().filter(|held| held.status.is_open()) {
        let held = stock.promises().reservation(must.number);
        let held = held.ok_or(format!("reservation {} is missing", must.number))?;
        same("reservation", &promise(held, names), must)?;
    }
    for (_, held) in stock.promises().slots_from(0) {
        let must = model.promises.get(&held.number);
        let must = must.ok_or(format!("reservation {} was never made", held.number))?;
        same("reservation", &promise(held, names), must)?;
    }
    let open = model.promises.values().filter(|held| held.status.is_open()).count();
    same("open reservations", &(stock.promises().open_count() as usize), &open)?;
    for must in model.transfers.values().filter(|held| held.open() != 0) {
        let held = stock.promises().transfer(must.number);
        let held = held.ok_or(format!("transfer {} is missing", must.number))?;
        same("transfer", &travel(held, names), must)?;
    }
    for held in stock.promises().transfers() {
        let must = model.transfers.get(&held.number);
        let must = must.ok_or(format!("transfer {} was never made", held.number))?;
        same("transfer", &travel(held, names), must)?;
    }
    let active = model.promises.values().filter(|held| held.status == Status::Active);
    let next = active.filter(|held| held.lines.iter().any(|line| Line::open(line) != 0));
    let next = next.filter_map(|held| held.expires_at).min();
    same("next deadline", &stock.promises().next_deadline().map(|at| at.millis()), &next)
}

/// The first day on which something on a shelf may be sold for the last time.
fn check_expiries(stock: &Stock, model: &Model) -> Checked {
    let positions = model.tenants.values().flat_map(|shop| shop.positions.values());
    let shelves = positions.flat_map(|held| held.layers.of(Area::Shelf));
    let first = shelves.filter_map(|layer| layer.origin.expiry).min();
    same("next expiry", &stock.expiries().next(), &first.map(|day| day.end()))
}

fn check_keys(stock: &Stock, model: &Model) -> Checked {
    let keys = stock.keys();
    let held = (keys.first()..).map_while(|number| keys.numbered(number));
    let held: Vec<_> = held.map(|entry| (entry.key, entry.sequence)).collect();
    let must: Vec<_> = model.keys.iter().map(|(key, _, sequence)| (*key, *sequence)).collect();
    same("keys", &held, &must)?;
    let events = stock.events();
    let held = (events.first()..).map_while(|number| events.numbered(number));
    let held: Vec<_> = held.map(|entry| (entry.key, entry.fingerprint, entry.sequence)).collect();
    let must: Vec<_> = model.events.iter().copied().collect();
    same("events", &held, &must)
}

fn check_sources(stock: &Stock, model: &Model) -> Checked {
    let mut held = BTreeMap::new();
    for (name, stream) in stock.sources().streams() {
        let marks = stream.marks().map(|mark| {
            (mark.last.partition, (mark.last.offset, mark.last.checksum, mark.sequence))
        });
        held.insert(name.clone(), (stream.generation, marks.collect::<BTreeMap<_, _>>()));
    }
    let must = model.streams.0.iter();
    let must = must.map(|(name, held)| (name.clone(), (held.generation, held.marks.clone())));
    same("sources", &held, &must.collect::<BTreeMap<_, _>>())?;
    let letters = stock.letters().behind(0);
    let held: Vec<_> = letters.map(|it| (it.number, it.status, it.attempts, it.sequence)).collect();
    let must = model.letters.iter();
    let must: Vec<_> =
        must.map(|(number, it)| (*number, it.status, it.attempts, it.sequence)).collect();
    same("letters", &held, &must)
}
