//! What readers see, against the model as of the last record that was released.

use onhand_domain::catalog::Strategy;
use onhand_domain::layer::{Area, Layer, Origin};
use onhand_domain::quantity::Quantity;
use onhand_engine::view::{LetterFilter, PositionFilter, ReservationFilter, View};

use super::{Checked, same};
use crate::model::Model;
use crate::model::shop::{Key, Shop, sellable};

/// "They are listed in the order in which they will be picked".
fn picked(shop: &Shop, key: &Key) -> Vec<(Area, Origin, Quantity)> {
    let said = shop.items.get(&key.0).and_then(|item| item.attributes.as_ref());
    let strategy = said.map_or(Strategy::Fifo, |said| said.strategy);
    let layers = &shop.positions[key].layers;
    let all = Area::ALL.into_iter().flat_map(|area| layers.in_order(area, strategy));
    let one = |it: &crate::model::layers::Layer| {
        (it.area, it.origin.clone(), Quantity::from_millionths(it.amount))
    };
    all.map(one).collect()
}

/// More than any run makes.
const ALL: usize = 100_000;

pub(crate) fn check(view: &View, model: &Model) -> Checked {
    same("the view's last record", &view.sequence(), &model.sequence)?;
    for (tenant, shop) in &model.tenants {
        let shown = view.positions(tenant.as_str(), &PositionFilter::default(), None, ALL);
        same("positions shown", &shown.items.len(), &shop.positions.len())?;
        for held in shown.items {
            let key = (held.item.clone(), held.location.clone());
            let must = shop.positions.get(&key).ok_or(format!("{key:?} was never opened"))?;
            let what = |part: &str| format!("shown {part} of {}@{}", key.0, key.1);
            same(&what("figures"), &held.figures, &must.figures())?;
            same(&what("version"), &(held.version, held.sequence), &(must.version, must.sequence))?;
            let is_current = shop.items.get(&key.0).is_none_or(|item| !item.archived);
            let free = match (is_current && shop.sells(&key.1), shop.tracked(&key.0)) {
                (false, _) => Some(0),
                (true, false) => None,
                (true, true) => sellable(&shop.policy(&key), must.available()),
            };
            same(&what("sellable"), &held.sellable, &free.map(Quantity::from_millionths))?;
            let (item, at) = (key.0.as_str(), key.1.as_str());
            let stocked = view.stocked(tenant.as_str(), item, at).ok_or(what("layers"))?;
            let one = |(area, layer): (Area, Layer)| (area, layer.origin, layer.quantity);
            let is: Vec<_> = stocked.layers.into_iter().map(one).collect();
            same(&what("layers"), &is, &picked(shop, &key))?;
        }
        let values = view.values(tenant.as_str(), &PositionFilter::default(), None, ALL);
        for shown in values.items {
            let held = &shop.positions[&(shown.item, shown.location)];
            let is = [shown.layered, shown.average].map(|value| i128::from(value.millionths()));
            same("values shown", &is, &[held.valued, held.averaged().value])?;
        }
        let shown = view.reservations(tenant.as_str(), &ReservationFilter::default(), None, ALL);
        let shown: Vec<_> =
            shown.items.iter().map(|held| (held.number, held.status, held.version)).collect();
        let open = model.promises.values().filter(|held| held.status.is_open());
        let must: Vec<_> = open
            .filter(|held| held.tenant == *tenant)
            .map(|held| (held.number, held.status, held.version))
            .collect();
        same("open reservations shown", &shown, &must)?;
    }
    let on_their_way = model.transfers.values().filter(|held| held.open() != 0);
    let must: Vec<u64> = on_their_way.map(|held| held.number).collect();
    same("transfers shown", &view.open_transfers(0), &must)?;
    let letters = view.dead_letters(LetterFilter::default(), None, ALL);
    let shown: Vec<_> =
        letters.items.iter().rev().map(|it| (it.number, it.status, it.attempts)).collect();
    let must = model.letters.iter();
    let must: Vec<_> = must.map(|(number, it)| (*number, it.status, it.attempts)).collect();
    same("letters shown", &shown, &must)?;
    for source in view.sources() {
        let must = model.streams.0.get(&source.stream).map(|held| held.generation);
        same("generation shown", &Some(source.generation), &must)?;
        for mark in source.partitions {
            let must = model.streams.0[&source.stream].marks.get(&mark.last.partition);
            let is = (mark.last.offset, mark.last.checksum, mark.sequence);
            same("watermark shown", &Some(&is), &must)?;
        }
    }
    Ok(())
}
