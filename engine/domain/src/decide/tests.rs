//! Tables of the rules: each test quotes the sentence of the contract that it holds us to.

mod actions;
mod text;
mod world;

mod adjustments;
mod alarms;
mod archived;
mod backorders;
mod cancel;
mod catalog;
mod choice;
mod costs;
mod counts;
mod expiry;
mod fulfil;
mod idempotency;
mod jobs;
mod late;
mod letters;
mod life;
mod lines;
mod lots;
mod lots_named;
mod many;
mod overflow;
mod recall;
mod rejections;
mod relocate;
mod reserve;
mod returns;
mod reverse;
mod sales;
mod sources;
mod terms;
mod transfers;
mod unfulfil;
mod untracked;

mod histories;
mod properties;
mod rebuild;
mod state;
mod undone;
