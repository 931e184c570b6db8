//! What is looked at from time to time while the engine runs: free space of the disk, and how long keys
//! are remembered.

use std::sync::{Arc, Weak};
use std::time::Duration;

use onhand_storage::DataDirectory;

use crate::error::StartError;
use crate::gate::Gate;
use crate::key_window::KeyWindow;
use crate::status::Figures;

/// How often free space is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Looks at the space between two looks at the keys.
const KEYS_EVERY: u32 = 100;

/// Looks after free space: below the reserve, writes are refused; above it they are taken again.
pub(super) struct SpaceWatch {
    pub(super) directory: Weak<DataDirectory>,
    pub(super) gate: Arc<Gate>,
    pub(super) figures: Arc<Figures>,
    pub(super) reserve_bytes: u64,
    pub(super) keys: KeyWindow,
}

impl SpaceWatch {
    /// Looks once, then every [`LOOK`] until the engine has let go of the directory.
    pub(super) fn start(self) -> Result<(), StartError> {
        self.look();
        let watch = move || {
            for count in 0_u32.. {
                if !self.look() {
                    return;
                }
                if count % KEYS_EVERY == 0 {
                    self.keys.look();
                }
                std::thread::sleep(LOOK);
            }
        };
        let thread = std::thread::Builder::new().name("onhand-space".to_owned()).spawn(watch);
        thread.map(|_| ()).map_err(|error| StartError::Thread(error.to_string()))
    }

    fn look(&self) -> bool {
        let Some(directory) = self.directory.upgrade() else { return false };
        match directory.free_bytes() {
            Ok(free) => {
                self.figures.tell_free(free);
                self.gate.set_storage_full(free < self.reserve_bytes);
            }
            Err(error) => tracing::warn!(%error, "free space is not known"),
        }
        true
    }
}
