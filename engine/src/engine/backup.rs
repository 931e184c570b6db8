//! Backups beside a running engine.

use std::path::Path;
use std::sync::Arc;

use onhand_storage::{BackupError, BackupProgress, Going, WrittenBackup, write_backup};

use super::Engine;

impl Engine {
    /// Takes a backup beside `target`, at most so many bytes a second (0: as fast as it goes): the
    /// checkpoints that are installed, and the log up to what is durable. Blocks, and keeps nobody
    /// waiting. The data directory stays held as long as it runs, so tell it to stop before
    /// [`Engine::shutdown`].
    ///
    /// # Errors
    /// See [`BackupError`]; [`BackupError::Stopped`] also when the engine was shut down.
    pub fn backup(
        &self,
        target: &Path,
        bytes_per_second: u64,
        on_progress: &mut dyn FnMut(&BackupProgress) -> Going,
    ) -> Result<WrittenBackup, BackupError> {
        let directory = self.inner.directory.lock().as_ref().map(Arc::clone);
        let log = self.inner.log.lock().clone();
        let (Some(directory), Some(log)) = (directory, log) else {
            return Err(BackupError::Stopped);
        };
        write_backup(&directory, &log, target, bytes_per_second, on_progress)
    }
}
