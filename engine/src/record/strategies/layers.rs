//! Any layers at all.

use onhand_domain::change::Movement;
use onhand_domain::ids::LotNumber;
use onhand_domain::layer::{Goods, Layer, Origin, Pick};
use onhand_domain::position::Average;
use onhand_domain::time::Day;
use proptest::option::of;
use proptest::prelude::*;

use super::{money, movement, quantity, text, time};

fn origin() -> impl Strategy<Value = Origin> {
    let lot = of(text().prop_map(|text| LotNumber::trusted(&text)));
    let expiry = of(any::<i32>().prop_map(Day::from_days));
    (time(), any::<u64>(), lot, expiry, of(money())).prop_map(
        |(received_at, sequence, lot, expiry, unit_cost)| Origin {
            received_at,
            sequence,
            lot,
            expiry,
            unit_cost,
        },
    )
}

pub(in crate::record) fn layer() -> impl Strategy<Value = Layer> {
    (origin(), quantity()).prop_map(|(origin, quantity)| Layer { origin, quantity })
}

pub(super) fn pick() -> impl Strategy<Value = Pick> {
    let goods = prop_oneof![origin().prop_map(Goods::Layer), of(money()).prop_map(Goods::Shortage)];
    (goods, quantity()).prop_map(|(goods, quantity)| Pick { goods, quantity })
}

pub(super) fn average() -> impl Strategy<Value = Average> {
    (money(), of(money())).prop_map(|(value, unit_cost)| Average { value, unit_cost })
}

/// A movement that may be one of goods.
pub(super) fn worth() -> impl Strategy<Value = Movement> {
    (movement(), money(), any::<u32>(), of(time())).prop_map(
        |(movement, value, picks, occurred_at)| Movement { value, picks, occurred_at, ..movement },
    )
}
