//! Names of events, and of the things they happen to.

use super::Payload;

macro_rules! event_types {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {
        /// What happened, in the spelling of the `standard` dialect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {
            $($(#[$meta])* $name),+
        }

        impl EventType {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its canonical name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),+
                }
            }

            /// The type with this canonical name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == name)
            }
        }

        impl Payload {
            /// The type of an event that says this.
            #[must_use]
            pub const fn event_type(&self) -> EventType {
                match self {
                    $(Self::$name(_) => EventType::$name),+
                }
            }
        }
    };
}

event_types! {
    /// A position changed.
    StockLevelChanged,
    /// Goods came in.
    StockReceived,
    /// `available` fell below the threshold.
    LowStockReached,
    /// `available` fell to zero or below.
    StockedOut,
    /// `available` is back at the threshold or above it.
    StockReplenished,
    /// A fact drove `available` below zero.
    StockDiscrepancy,
    /// Goods that are there were given another cost.
    StockRevalued,
    /// A transfer began, arrived or went back.
    StockTransferred,
    /// A promise was made.
    ReservationCreated,
    /// A promise asked for by event could not be made.
    ReservationFailed,
    /// A promise lost its deadline.
    ReservationConfirmed,
    /// A promise, or part of it, was released.
    ReservationCancelled,
    /// The deadline of a promise passed.
    ReservationExpired,
    /// A promise was changed in place.
    ReservationChanged,
    /// All or part of a promise was shipped.
    ReservationFulfilled,
    /// An item was first heard of.
    ItemCreated,
    /// An item was replaced or revived.
    ItemUpdated,
    /// An item was archived.
    ItemDeactivated,
    /// Positions of an item were opened by the catalog.
    PositionsOpened,
    /// A policy was replaced.
    PolicyChanged,
    /// A location was first heard of.
    LocationCreated,
    /// A location was replaced, revived or removed.
    LocationUpdated,
    /// A location got a bin.
    BinCreated,
    /// A position got a home bin.
    ItemAssignedToBin,
    /// An application told something; see [`super::Event::type_name`].
    ApplicationEvent,
}

/// Kind of thing an event happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateType {
    /// Stock of one item at one location.
    InventoryPosition,
    /// A promise.
    Reservation,
    /// Stock on its way.
    Transfer,
    /// An item of the catalog.
    InventoryItem,
    /// A location.
    Warehouse,
    /// A thing of an application; see [`super::Event::aggregate_name`].
    Application,
}

impl AggregateType {
    /// Its canonical name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InventoryPosition => "InventoryPosition",
            Self::Reservation => "Reservation",
            Self::Transfer => "Transfer",
            Self::InventoryItem => "InventoryItem",
            Self::Warehouse => "Warehouse",
            Self::Application => "Application",
        }
    }
}
