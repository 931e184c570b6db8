//! Why the engine could not start, had to stop, or could not answer.

use onhand_storage::{LogError, OpenError};

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log or a checkpoint could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A file could not be written.
    #[error("the data directory cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// The log ends before something that was seen outside of it.
    #[error(
        "the log has lost its end: it holds records up to {found}, but {expected} were acknowledged; \
         restore the missing files, or start with --accept-lost-tail to give up what is missing"
    )]
    LostTail {
        /// Last sequence in the log.
        found: u64,
        /// Last sequence that was durable.
        expected: u64,
    },
    /// A record or checkpoint entry cannot be understood.
    #[error("record {sequence} cannot be read: {what}")]
    Undecodable {
        /// Its sequence; 0 for a checkpoint entry.
        sequence: u64,
        /// What is wrong.
        what: String,
    },
    /// The checkpoints are older than the kept log.
    #[error("the checkpoints end at record {began}, the log begins at {earliest}")]
    CheckpointGone {
        /// What the checkpoints contain.
        began: u64,
        /// The first record that is kept.
        earliest: u64,
    },
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(String),
}

/// Why the engine stopped by itself. The door exits with a code of its own for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FatalCode {
    /// A commit failed; what it wrote may or may not be there.
    CommitFailed,
    /// A commit found the disk full.
    DiskFull,
    /// The log could not be read, or what was read is damaged.
    LogDamaged,
    /// A fault of ours in a place where memory may now differ from disk.
    CorePanicked,
}

/// Why the engine stopped by itself.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Fatal {
    /// Kind of the cause.
    pub code: FatalCode,
    /// What happened, and what to do.
    pub message: String,
}

impl From<&LogError> for Fatal {
    fn from(error: &LogError) -> Self {
        let code = match error {
            LogError::DiskFull { .. } => FatalCode::DiskFull,
            LogError::Io { .. } | LogError::OutcomeUnknown { .. } | LogError::Latched => {
                FatalCode::CommitFailed
            }
            LogError::Damaged { .. }
            | LogError::UnknownFormat { .. }
            | LogError::OpenedToVerify
            | LogError::IndexBehind
            | LogError::IndexDamaged { .. } => FatalCode::LogDamaged,
        };
        Self { code, message: error.to_string() }
    }
}

/// Why a command or a read got no answer. None of these says anything about stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too many commands are inside; try again later. Nothing was done.
    #[error("too many commands at once")]
    Overloaded,
    /// Nobody knows whether it was done; send it again with the same key.
    #[error("the outcome is unknown")]
    OutcomeUnknown,
    /// The disk is nearly full. Nothing was done.
    #[error("the disk is nearly full")]
    StorageFull,
    /// All dead letters that there may be are open, and this message would be another one. Nothing
    /// was done; its source waits.
    #[error("too many dead letters are open")]
    DeadLettersFull,
    /// The command was done, or refused, before; the record that says how is not kept any more.
    #[error("the answer of then is not kept any more")]
    HistoryGone,
    /// A fault of ours. Nothing was done.
    #[error("internal fault")]
    Internal,
    /// The engine is stopping. Nothing was done.
    #[error("the engine is stopping")]
    Stopping,
}
