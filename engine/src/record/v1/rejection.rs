//! Frozen mirror of refusals: a number for the reason, and the parts that this reason has.

use onhand_domain::dead_letter::LetterStatus;
use onhand_domain::ids::{BinId, ItemId, LocationId, LotNumber, Text};
use onhand_domain::position::Figures;
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::{Limit, Rejection, Shortage, StockThere};
use onhand_domain::reservation::Status;
use onhand_domain::transfer::TransferStatus;
use serde::{Deserialize, Serialize};

use super::position::FiguresV1;
use crate::record::DecodeError;
use crate::record::code::Code;
use crate::record::mirror::{Base, List, Mirror, name};

/// Mirror of [`Rejection`]; parts that its reason does not have are absent, zero or empty.
#[derive(Serialize, Deserialize, Default)]
pub(in crate::record) struct RejectionV1<'a> {
    reason: u8,
    /// A status, or which limit.
    word: u8,
    /// A version, or the limit.
    number: u32,
    item: Option<&'a str>,
    location: Option<&'a str>,
    bin: Option<&'a str>,
    lot: Option<&'a str>,
    requested: Option<i64>,
    /// What is shipped, or open.
    there: Option<i64>,
    /// Milliseconds from the record's time stamp.
    at: Option<i64>,
    figures: Option<FiguresV1>,
    #[serde(borrow)]
    shortages: List<'a, ShortageV1<'a>>,
    #[serde(borrow)]
    places: List<'a, StockThereV1<'a>>,
}

impl<'a, M: Mirror<'a>> Default for List<'a, M> {
    fn default() -> Self {
        Self::Read(Vec::new())
    }
}

impl<'a> RejectionV1<'a> {
    fn about(reason: u8) -> Self {
        Self { reason, ..Self::default() }
    }

    fn with_item(self, item: &'a ItemId) -> Self {
        Self { item: Some(item.as_str()), ..self }
    }

    fn with_location(self, location: &'a LocationId) -> Self {
        Self { location: Some(location.as_str()), ..self }
    }

    fn with_quantities(self, requested: Quantity, there: Quantity) -> Self {
        let (requested, there) = (requested.millionths(), there.millionths());
        Self { requested: Some(requested), there: Some(there), ..self }
    }

    fn the_item(&self) -> Result<ItemId, DecodeError> {
        Ok(name!(ItemId, self.item.ok_or(DecodeError::Missing("item of a refusal"))?))
    }

    fn the_location(&self) -> Result<LocationId, DecodeError> {
        Ok(name!(LocationId, self.location.ok_or(DecodeError::Missing("location of a refusal"))?))
    }

    fn the_bin(&self) -> Result<BinId, DecodeError> {
        Ok(name!(BinId, self.bin.ok_or(DecodeError::Missing("bin of a refusal"))?))
    }

    fn the_lot(&self) -> Result<LotNumber, DecodeError> {
        Ok(name!(LotNumber, self.lot.ok_or(DecodeError::Missing("lot of a refusal"))?))
    }

    fn the_requested(&self) -> Result<Quantity, DecodeError> {
        let requested = self.requested.ok_or(DecodeError::Missing("request of a refusal"))?;
        Ok(Quantity::from_millionths(requested))
    }

    fn the_rest(&self) -> Result<Quantity, DecodeError> {
        let there = self.there.ok_or(DecodeError::Missing("figure of a refusal"))?;
        Ok(Quantity::from_millionths(there))
    }

    fn the_time(&self) -> Result<i64, DecodeError> {
        self.at.ok_or(DecodeError::Missing("time of a refusal"))
    }
}

impl<'a> Mirror<'a> for RejectionV1<'a> {
    type Of = Rejection;

    fn of(rejection: &'a Rejection, base: Base) -> Self {
        let about = Self::about;
        match rejection {
            Rejection::UnknownItem(item) => about(1).with_item(item),
            Rejection::UnknownLocation(location) => about(2).with_location(location),
            Rejection::UnknownPosition { item, location } => {
                about(3).with_item(item).with_location(location)
            }
            Rejection::UnknownBin { location, bin } => {
                Self { bin: Some(bin.as_str()), ..about(4).with_location(location) }
            }
            Rejection::UnknownReservation => about(5),
            Rejection::UnknownTransfer => about(6),
            Rejection::ItemArchived(item) => about(7).with_item(item),
            Rejection::LocationInactive(location) => about(8).with_location(location),
            Rejection::NotTracked(item) => about(9).with_item(item),
            Rejection::InsufficientStock(shortages) => {
                Self { shortages: List::Given(shortages, base), ..about(10) }
            }
            Rejection::Stale { item, location, figures, version } => Self {
                figures: Some(FiguresV1::of(figures, base)),
                number: *version,
                ..about(11).with_item(item).with_location(location)
            },
            Rejection::StockNotZero { places } => {
                Self { places: List::Given(places, base), ..about(12) }
            }
            Rejection::ReservationExpired { at } => {
                Self { at: Some(base.offset(*at)), ..about(13) }
            }
            Rejection::InvalidState(status) => Self { word: status.code(), ..about(14) },
            Rejection::InvalidTransferState(status) => Self { word: status.code(), ..about(15) },
            Rejection::BelowFulfilled { item, requested, fulfilled } => {
                about(16).with_item(item).with_quantities(*requested, *fulfilled)
            }
            Rejection::ExceedsOpen { item, requested, open } => {
                let about = about(17).with_quantities(*requested, *open);
                Self { item: item.as_ref().map(ItemId::as_str), ..about }
            }
            Rejection::AmbiguousLine(item) => about(18).with_item(item),
            Rejection::KeyReused => about(19),
            Rejection::TimeAhead { latest } => Self { at: Some(base.offset(*latest)), ..about(20) },
            Rejection::QuantityOverflow => about(21),
            Rejection::LimitExceeded { what, limit } => {
                Self { word: what.code(), number: *limit, ..about(22) }
            }
            Rejection::UnknownDeadLetter => about(23),
            Rejection::LetterSettled(status) => Self { word: status.code(), ..about(24) },
            Rejection::UnknownLot(lot) => Self { lot: Some(lot.as_str()), ..about(25) },
        }
    }

    fn restore(self, base: Base) -> Result<Rejection, DecodeError> {
        Ok(match self.reason {
            1 => Rejection::UnknownItem(self.the_item()?),
            2 => Rejection::UnknownLocation(self.the_location()?),
            3 => Rejection::UnknownPosition {
                item: self.the_item()?,
                location: self.the_location()?,
            },
            4 => Rejection::UnknownBin { location: self.the_location()?, bin: self.the_bin()? },
            5 => Rejection::UnknownReservation,
            6 => Rejection::UnknownTransfer,
            7 => Rejection::ItemArchived(self.the_item()?),
            8 => Rejection::LocationInactive(self.the_location()?),
            9 => Rejection::NotTracked(self.the_item()?),
            10 => Rejection::InsufficientStock(self.shortages.restore(base)?),
            11 => Rejection::Stale {
                item: self.the_item()?,
                location: self.the_location()?,
                version: self.number,
                figures: restore_figures(self.figures, base)?,
            },
            12 => Rejection::StockNotZero { places: self.places.restore(base)? },
            13 => Rejection::ReservationExpired { at: base.time(self.the_time()?) },
            14 => Rejection::InvalidState(Status::of_code(self.word)?),
            15 => Rejection::InvalidTransferState(TransferStatus::of_code(self.word)?),
            16 => Rejection::BelowFulfilled {
                item: self.the_item()?,
                requested: self.the_requested()?,
                fulfilled: self.the_rest()?,
            },
            17 => Rejection::ExceedsOpen {
                item: self.item.map(|text| name!(ItemId, text)),
                requested: self.the_requested()?,
                open: self.the_rest()?,
            },
            18 => Rejection::AmbiguousLine(self.the_item()?),
            19 => Rejection::KeyReused,
            20 => Rejection::TimeAhead { latest: base.time(self.the_time()?) },
            21 => Rejection::QuantityOverflow,
            22 => Rejection::LimitExceeded { what: Limit::of_code(self.word)?, limit: self.number },
            23 => Rejection::UnknownDeadLetter,
            24 => Rejection::LetterSettled(LetterStatus::of_code(self.word)?),
            25 => Rejection::UnknownLot(self.the_lot()?),
            code => return Err(DecodeError::UnknownCode { what: "reason of a refusal", code }),
        })
    }
}

fn restore_figures(figures: Option<FiguresV1>, base: Base) -> Result<Figures, DecodeError> {
    figures.ok_or(DecodeError::Missing("figures of a refusal"))?.restore(base)
}

/// Mirror of [`Shortage`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct ShortageV1<'a> {
    item: &'a str,
    location: Option<&'a str>,
    requested: i64,
    sellable: i64,
}

impl<'a> Mirror<'a> for ShortageV1<'a> {
    type Of = Shortage;

    fn of(shortage: &'a Shortage, _: Base) -> Self {
        Self {
            item: shortage.item.as_str(),
            location: shortage.location.as_ref().map(LocationId::as_str),
            requested: shortage.requested.millionths(),
            sellable: shortage.sellable.millionths(),
        }
    }

    fn restore(self, _: Base) -> Result<Shortage, DecodeError> {
        Ok(Shortage {
            item: name!(ItemId, self.item),
            location: self.location.map(|text| name!(LocationId, text)),
            requested: Quantity::from_millionths(self.requested),
            sellable: Quantity::from_millionths(self.sellable),
        })
    }
}

/// Mirror of [`StockThere`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct StockThereV1<'a> {
    item: &'a str,
    location: &'a str,
    location_name: Option<&'a str>,
    figures: FiguresV1,
}

impl<'a> Mirror<'a> for StockThereV1<'a> {
    type Of = StockThere;

    fn of(there: &'a StockThere, base: Base) -> Self {
        Self {
            item: there.item.as_str(),
            location: there.location.as_str(),
            location_name: there.location_name.as_ref().map(Text::as_str),
            figures: FiguresV1::of(&there.figures, base),
        }
    }

    fn restore(self, base: Base) -> Result<StockThere, DecodeError> {
        Ok(StockThere {
            item: name!(ItemId, self.item),
            location: name!(LocationId, self.location),
            location_name: self.location_name.map(|text| name!(Text, text)),
            figures: self.figures.restore(base)?,
        })
    }
}
