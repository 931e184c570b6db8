//! The crate from outside: on real files, and on a disk that loses, tears and refuses.

mod backup;
mod batch;
mod checkpoint;
mod crash;
mod directory;
mod frame;
mod index;
mod log;
mod memory_log;
mod rot;
mod support;
mod verify;
