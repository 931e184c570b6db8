//! The engine of Onhand: positions and reservations on one ordered, durable log, without any door.
//!
//! The one promise of this crate: nothing leaves before it is durable. An answer, a read and an event
//! rest only on records that are on disk.
//!
//! Reading order: [`config`], [`error`], [`clock`] (what is given), [`record`] (bytes), [`writer`]
//! (decides), `hopper` (hands over to the log), [`release`] (lets go), [`view`] and [`history`] (reads),
//! [`outbox`], [`events`] and [`publisher`] (tell), [`port`] (the way in), [`recovery`] and [`checkpoint`] (start and end),
//! [`engine`] (all of it together).

pub mod checkpoint;
pub mod clock;
pub mod config;
pub mod engine;
pub mod error;
pub mod events;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod history;
pub mod ids;
pub mod index_keeper;
pub mod keys;
pub mod names;
pub mod outbox;
pub mod permits;
pub mod port;
pub mod publisher;
pub mod record;
pub mod recovery;
pub mod release;
pub mod reply;
pub mod snapshot;
pub mod status;
pub mod verify;
pub mod view;
pub mod writer;

mod bell;
mod gate;
mod hopper;
mod key_window;
mod ports;
mod reader;
mod retention;
mod stretch;
mod supervisor;

pub use config::{EngineConfig, LostTail};
pub use engine::Engine;
pub use error::{Failure, Fatal, FatalCode, StartError};
pub use history::History;
pub use names::Names;
pub use outbox::{Outbox, Published, Tail};
pub use port::{Call, Driver, Port, SourcePort};
pub use publisher::Publisher;
pub use reply::{Changed, Reply};
pub use status::Status;
pub use stretch::Stretch;
pub use view::{Directory, View};
