//! Frozen mirrors of layers and of what movements take and bring.

use onhand_domain::change::Movement;
use onhand_domain::ids::LotNumber;
use onhand_domain::layer::{Area, Goods, Layer, Origin, Pick};
use onhand_domain::layers::Layers;
use onhand_domain::position::{Average, Stack};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::time::Day;
use serde::{Deserialize, Serialize};

use crate::record::DecodeError;
use crate::record::code::Code;
use crate::record::mirror::{Base, List, Mirror, name};

/// Mirror of [`Origin`]. Its sequence is records back from this one, its instant milliseconds from this
/// record's.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct OriginV1<'a> {
    received_at: i64,
    sequence: u64,
    lot: Option<&'a str>,
    expiry: Option<i32>,
    unit_cost: Option<i64>,
}

impl<'a> Mirror<'a> for OriginV1<'a> {
    type Of = Origin;

    fn of(origin: &'a Origin, base: Base) -> Self {
        Self {
            received_at: base.offset(origin.received_at),
            sequence: base.back(origin.sequence),
            lot: origin.lot.as_ref().map(LotNumber::as_str),
            expiry: origin.expiry.map(Day::days),
            unit_cost: origin.unit_cost.map(Money::millionths),
        }
    }

    fn restore(self, base: Base) -> Result<Origin, DecodeError> {
        Ok(Origin {
            received_at: base.time(self.received_at),
            sequence: base.sequence(self.sequence),
            lot: self.lot.map(|text| name!(LotNumber, text)),
            expiry: self.expiry.map(Day::from_days),
            unit_cost: self.unit_cost.map(Money::from_millionths),
        })
    }
}

/// Mirror of [`Layer`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct LayerV1<'a> {
    #[serde(borrow)]
    origin: OriginV1<'a>,
    quantity: i64,
}

impl<'a> Mirror<'a> for LayerV1<'a> {
    type Of = Layer;

    fn of(layer: &'a Layer, base: Base) -> Self {
        let quantity = layer.quantity.millionths();
        Self { origin: OriginV1::of(&layer.origin, base), quantity }
    }

    fn restore(self, base: Base) -> Result<Layer, DecodeError> {
        let quantity = Quantity::from_millionths(self.quantity);
        Ok(Layer { origin: self.origin.restore(base)?, quantity })
    }
}

/// Mirror of [`Pick`]: without an origin it is a shortage at `unit_cost`.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct PickV1<'a> {
    quantity: i64,
    #[serde(borrow)]
    origin: Option<OriginV1<'a>>,
    unit_cost: Option<i64>,
}

impl<'a> Mirror<'a> for PickV1<'a> {
    type Of = Pick;

    fn of(pick: &'a Pick, base: Base) -> Self {
        let quantity = pick.quantity.millionths();
        match &pick.goods {
            Goods::Layer(origin) => {
                Self { quantity, origin: Some(OriginV1::of(origin, base)), unit_cost: None }
            }
            Goods::Shortage(cost) => {
                Self { quantity, origin: None, unit_cost: cost.map(Money::millionths) }
            }
        }
    }

    fn restore(self, base: Base) -> Result<Pick, DecodeError> {
        let goods = match self.origin {
            Some(origin) => Goods::Layer(origin.restore(base)?),
            None => Goods::Shortage(self.unit_cost.map(Money::from_millionths)),
        };
        Ok(Pick { goods, quantity: Quantity::from_millionths(self.quantity) })
    }
}

/// What a [`Movement`] of goods has besides its buckets and its quantity.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct WorthV1 {
    value: i64,
    picks: u32,
    /// Milliseconds from the record's time stamp.
    occurred_at: Option<i64>,
}

impl WorthV1 {
    /// `None` for a movement of promises, which is most of them.
    #[inline]
    pub(in crate::record) fn of(movement: &Movement, base: Base) -> Option<Self> {
        if movement.picks == 0 && movement.value.is_zero() && movement.occurred_at.is_none() {
            return None;
        }
        Some(Self {
            value: movement.value.millionths(),
            picks: movement.picks,
            occurred_at: movement.occurred_at.map(|time| base.offset(time)),
        })
    }

    pub(in crate::record) fn restore(self, base: Base, movement: Movement) -> Movement {
        Movement {
            value: Money::from_millionths(self.value),
            picks: self.picks,
            occurred_at: self.occurred_at.map(|offset| base.time(offset)),
            ..movement
        }
    }
}

/// Mirror of [`Average`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct AverageV1 {
    value: i64,
    unit_cost: Option<i64>,
}

impl<'a> Mirror<'a> for AverageV1 {
    type Of = Average;

    fn of(average: &'a Average, _: Base) -> Self {
        let unit_cost = average.unit_cost.map(Money::millionths);
        Self { value: average.value.millionths(), unit_cost }
    }

    fn restore(self, _: Base) -> Result<Average, DecodeError> {
        let unit_cost = self.unit_cost.map(Money::from_millionths);
        Ok(Average { value: Money::from_millionths(self.value), unit_cost })
    }
}

/// Mirror of [`Stack`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct StackV1<'a> {
    #[serde(borrow)]
    layers: Vec<(u8, LayerV1<'a>)>,
    shortage: i64,
    last_cost: Option<i64>,
    average: AverageV1,
}

impl<'a> Mirror<'a> for StackV1<'a> {
    type Of = Stack;

    fn of(stack: &'a Stack, base: Base) -> Self {
        let layers = stack.layers.iter();
        Self {
            layers: layers.map(|(area, layer)| (area.code(), LayerV1::of(layer, base))).collect(),
            shortage: stack.layers.shortage().millionths(),
            last_cost: stack.layers.last_cost().map(Money::millionths),
            average: AverageV1::of(&stack.average, base),
        }
    }

    fn restore(self, base: Base) -> Result<Stack, DecodeError> {
        let layer =
            |(area, layer): (u8, LayerV1<'a>)| Ok((Area::of_code(area)?, layer.restore(base)?));
        let held = self.layers.into_iter().map(layer).collect::<Result<_, DecodeError>>()?;
        let shortage = Quantity::from_millionths(self.shortage);
        let last_cost = self.last_cost.map(Money::from_millionths);
        let layers = Layers::from_parts(held, shortage, last_cost);
        Ok(Stack { layers, average: self.average.restore(base)? })
    }
}

/// Layers one after the other.
pub(in crate::record) type FreightV1<'a> = List<'a, LayerV1<'a>>;
