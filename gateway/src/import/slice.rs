//! Acting on some rows of a file: what they need first, then what they move, then what holds at their
//! positions. Rows are durable when this returns; whoever sends them again changes nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use onhand_domain::catalog::{ItemAttributes, LocationAttributes, Standing};
use onhand_domain::command::{Action, Command, Place, Trace};
use onhand_domain::consumed::{Refusal, Source};
use onhand_domain::ids::{BinId, ItemId, LocationId, TenantId};
use onhand_domain::policy::Policy;
use onhand_domain::upkeep::Upkeep;
use onhand_engine::view::View;
use onhand_engine::{Engine, Failure, Reply, SourcePort};

use super::row::{Movement, Row};
use super::wishes::{ItemWish, LocationWish, Wishes};
use super::{Lane, Refused, Stream};
use crate::http::problem::{Code, Problem};

/// How long one look for room or answers takes.
const LOOK: Duration = Duration::from_millis(2);
/// Looks without room before the slice is given back: 20 s.
const LOOKS_MAX: u32 = 10_000;

/// A row and its line.
#[derive(Debug)]
pub(crate) struct Numbered {
    /// The line.
    pub(crate) line: u64,
    /// The row.
    pub(crate) row: Row,
}

/// What became of a slice.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Rows that were acted on now.
    pub(crate) acted: u64,
    /// Rows that had been acted on before, or refused before.
    pub(crate) passed: u64,
    /// Rows that were refused now, in their order.
    pub(crate) refused: Vec<Refused>,
}

/// Acts on rows in ascending order of their lines.
///
/// # Errors
/// The engine could not take them all; nothing of it is lost, and the same slice may be sent again.
pub(crate) fn act(
    engine: &Engine,
    port: &mut SourcePort,
    stream: &Stream,
    trace: Option<Arc<Trace>>,
    rows: Vec<Numbered>,
) -> Result<Done, Problem> {
    act_on(engine.view(), port, stream, trace, rows).map_err(|problem| {
        // There was no room for long; a full disk is the reason that can be mended.
        match engine.status().closed {
            Some(failure) if problem.code() == Code::Overloaded => Problem::from(failure),
            _ => problem,
        }
    })
}

fn act_on(
    view: &View,
    port: &mut SourcePort,
    stream: &Stream,
    trace: Option<Arc<Trace>>,
    rows: Vec<Numbered>,
) -> Result<Done, Problem> {
    let mut left = Vec::new();
    while port.in_flight() > 0 {
        port.answers(LOOK, &mut left)?;
    }
    let Some(last) = rows.last().map(|row| row.line) else { return Ok(Done::default()) };
    let settled = stream.line(view, Lane::Settled);
    let stock = stream.line(view, Lane::Stock);
    let mut slice = Slice { view, port, stream, trace, done: Done::default() };
    if view.source_mark(stream.name(), Lane::Began as u32).is_none() {
        slice.advance(Lane::Began, 0)?;
    }
    let count = rows.len();
    let (new, before): (Vec<Numbered>, Vec<Numbered>) =
        rows.into_iter().filter(|row| row.line > settled).partition(|row| row.line > stock);
    slice.done.passed += (count - new.len()) as u64;
    let new = slice.prepare(new)?;
    let mut moved = before;
    moved.extend(slice.book(new)?);
    slice.settle(&moved)?;
    slice.advance(Lane::Settled, last)?;
    let mut done = slice.done;
    done.refused.sort_by_key(|refused| refused.line);
    Ok(done)
}

struct Slice<'a> {
    view: &'a View,
    port: &'a mut SourcePort,
    stream: &'a Stream,
    trace: Option<Arc<Trace>>,
    done: Done,
}

/// Who makes items and locations that nobody has heard of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// What moves makes them by itself; only what is said of them must be put there.
    ByItself,
    /// Nothing moves: they must be put there.
    ForOpening,
}

/// What was already asked for in this slice, and is not in the view yet.
#[derive(Default)]
struct Ahead {
    items: HashMap<(TenantId, ItemId), ItemAttributes>,
    locations: HashMap<(TenantId, LocationId), LocationAttributes>,
    bins: HashMap<(TenantId, LocationId), Vec<BinId>>,
}

impl Slice<'_> {
    fn command(&self, tenant: &TenantId, action: Action) -> Command {
        Command {
            tenant: tenant.clone(),
            key: None,
            source: None,
            trace: self.trace.clone(),
            action,
        }
    }

    fn of_line(&self, lane: Lane, line: u64, tenant: &TenantId, action: Action) -> Command {
        let source = Source { refusal: Refusal::Told, ..Source::at(self.stream.at(lane, line)) };
        Command { source: Some(Arc::new(source)), ..self.command(tenant, action) }
    }

    /// Moves a lane on without acting.
    fn advance(&mut self, lane: Lane, line: u64) -> Result<(), Problem> {
        let places = vec![Arc::new(self.stream.at(lane, line))];
        let tenant = TenantId::parse("default").expect("a plain word is an id");
        let action = Action::Upkeep(Box::new(Upkeep::Advance(places)));
        match send(self.port, vec![self.command(&tenant, action)])?.pop() {
            Some(Reply::Refused { rejection, .. }) => Err(Problem::refused(&rejection)),
            _ => Ok(()),
        }
    }

    /// Items, locations and bins that are to be there before anything moves. Returns the rows whose
    /// stock may be booked.
    fn prepare(&mut self, rows: Vec<Numbered>) -> Result<Vec<Numbered>, Problem> {
        let mut ahead = Ahead::default();
        let mut asked = Vec::new();
        for (at, numbered) in rows.iter().enumerate() {
            let Row { tenant, movement, wishes } = &numbered.row;
            if let Some(wishes) = wishes {
                let (place, wishes) = &**wishes;
                let need = match movement {
                    Movement::Open(_) => Need::ForOpening,
                    Movement::Act(_) => Need::ByItself,
                };
                let actions = ahead.actions(self.view, tenant, place, wishes, need);
                asked.extend(actions.into_iter().map(|action| (at, action)));
            }
        }
        let refused = self.try_all(&rows, asked, Lane::Refused)?;
        let kept = rows.into_iter().enumerate().filter(|(at, _)| !refused.contains(at));
        Ok(kept.map(|(_, row)| row).collect())
    }

    /// Does things that belong to rows, without a place in the source: they may be done again. Those
    /// that are refused are asked for once more with their line, so that the log says which and why.
    fn try_all(
        &mut self,
        rows: &[Numbered],
        asked: Vec<(usize, Action)>,
        lane: Lane,
    ) -> Result<HashSet<usize>, Problem> {
        let commands =
            asked.iter().map(|(at, action)| self.command(&rows[*at].row.tenant, action.clone()));
        let replies = send(self.port, commands.collect())?;
        let mut refused = HashSet::new();
        for ((at, action), reply) in asked.into_iter().zip(replies) {
            let Reply::Refused { rejection, .. } = reply else { continue };
            let Numbered { line, row } = &rows[at];
            let command = self.of_line(lane, *line, &row.tenant, action);
            // Passed: it was refused before, or something else that this row says was.
            let again = send(self.port, vec![command])?.pop();
            if matches!(again, Some(Reply::Refused { .. } | Reply::Passed)) && refused.insert(at) {
                let found = Refused::of(*line, &Problem::refused(&rejection));
                self.done.refused.push(Refused { is_booked: lane == Lane::Terms, ..found });
            }
        }
        Ok(refused)
    }

    /// Books what moves; returns the rows that were.
    fn book(&mut self, rows: Vec<Numbered>) -> Result<Vec<Numbered>, Problem> {
        let mut commands = Vec::with_capacity(rows.len());
        let mut is_asked = Vec::with_capacity(rows.len());
        for Numbered { line, row } in &rows {
            let action = match &row.movement {
                Movement::Act(action) => Some(action.clone()),
                Movement::Open(place) => self.opening(&row.tenant, place, row.wishes.as_deref()),
            };
            is_asked.push(action.is_some());
            commands
                .extend(action.map(|action| self.of_line(Lane::Stock, *line, &row.tenant, action)));
        }
        let mut replies = send(self.port, commands)?.into_iter();
        let mut booked = Vec::with_capacity(rows.len());
        for (row, is_asked) in rows.into_iter().zip(is_asked) {
            match is_asked.then(|| replies.next()).flatten() {
                Some(Reply::Refused { rejection, sequence: None, .. }) => {
                    return Err(Problem::refused(&rejection));
                }
                Some(Reply::Refused { rejection, .. }) => {
                    self.done.refused.push(Refused::of(row.line, &Problem::refused(&rejection)));
                }
                Some(Reply::Passed) => {
                    self.done.passed += 1;
                    booked.push(row);
                }
                _ => {
                    self.done.acted += 1;
                    booked.push(row);
                }
            }
        }
        Ok(booked)
    }

    /// What opens a position, unless it is there.
    fn opening(
        &self,
        tenant: &TenantId,
        place: &Place,
        wishes: Option<&(Place, Wishes)>,
    ) -> Option<Action> {
        let known =
            self.view.position(tenant.as_str(), place.item.as_str(), place.location.as_str());
        let policy = wishes.map_or_else(Policy::default, |(_, wishes)| wishes.policy);
        known.is_none().then(|| Action::SetPolicy { place: place.clone(), policy })
    }

    /// Policies and bins of positions that are there by now.
    fn settle(&mut self, rows: &[Numbered]) -> Result<(), Problem> {
        let mut ahead: HashMap<(&TenantId, &Place), (Policy, Option<BinId>)> = HashMap::new();
        let mut asked = Vec::new();
        for (at, Numbered { row, .. }) in rows.iter().enumerate() {
            let Some((place, wishes)) = row.wishes.as_deref() else { continue };
            if wishes.policy == Policy::default() && wishes.bin.is_none() {
                continue;
            }
            let known = ahead.entry((&row.tenant, place)).or_insert_with(|| {
                let (item, location) = (place.item.as_str(), place.location.as_str());
                let known = self.view.position(row.tenant.as_str(), item, location);
                known.map_or_else(Default::default, |held| (held.own, held.bin))
            });
            let policy = wishes.policy.or(known.0);
            if policy != known.0 {
                known.0 = policy;
                asked.push((at, Action::SetPolicy { place: place.clone(), policy }));
            }
            if let Some(bin) = wishes.bin.as_ref().filter(|bin| known.1.as_ref() != Some(bin)) {
                known.1 = Some(bin.clone());
                asked.push((at, Action::AssignBin { place: place.clone(), bin: bin.clone() }));
            }
        }
        let refused = self.try_all(rows, asked, Lane::Terms)?;
        self.done.acted = self.done.acted.saturating_sub(refused.len() as u64);
        Ok(())
    }
}

impl Ahead {
    /// What a row needs that is not so yet.
    fn actions(
        &mut self,
        view: &View,
        tenant: &TenantId,
        place: &Place,
        wishes: &Wishes,
        need: Need,
    ) -> Vec<Action> {
        let item = self.item(view, tenant, &place.item, &wishes.item, need);
        let mut actions: Vec<Action> = item.into_iter().collect();
        self.location(view, tenant, &place.location, wishes, need, &mut actions);
        actions
    }

    fn item(
        &mut self,
        view: &View,
        tenant: &TenantId,
        id: &ItemId,
        wish: &ItemWish,
        need: Need,
    ) -> Option<Action> {
        if need == Need::ByItself && *wish == ItemWish::default() {
            return None;
        }
        let key = (tenant.clone(), id.clone());
        let known = self.items.get(&key).cloned().or_else(|| {
            let held = view.item(tenant.as_str(), id.as_str());
            let current = held.filter(|item| item.standing == Standing::Current)?;
            Some(current.attributes.as_deref().cloned().unwrap_or_default())
        });
        let wanted = wish.merged(known.as_ref().unwrap_or(&ItemAttributes::default()));
        if known.as_ref() == Some(&wanted) {
            return None;
        }
        self.items.insert(key, wanted.clone());
        Some(Action::PutItem { item: id.clone(), attributes: Arc::new(wanted) })
    }

    fn location(
        &mut self,
        view: &View,
        tenant: &TenantId,
        id: &LocationId,
        wishes: &Wishes,
        need: Need,
        actions: &mut Vec<Action>,
    ) {
        let is_said = wishes.location != LocationWish::default() || wishes.bin.is_some();
        if need == Need::ByItself && !is_said {
            return;
        }
        let key = (tenant.clone(), id.clone());
        let held = view.location(tenant.as_str(), id.as_str());
        let known = self.locations.get(&key).or(held.as_ref().map(|(held, _)| &held.attributes));
        let wanted = wishes.location.merged(known.unwrap_or(&LocationAttributes::default()));
        if known != Some(&wanted) {
            self.locations.insert(key.clone(), wanted.clone());
            actions.push(Action::PutLocation { location: id.clone(), attributes: wanted });
        }
        if let Some(bin) = &wishes.bin {
            let held = held.into_iter().flat_map(|(_, bins)| bins).map(|bin| bin.id);
            let bins = self.bins.entry(key).or_insert_with(|| held.collect());
            if !bins.contains(bin) {
                bins.push(bin.clone());
                actions.push(Action::PutBin { location: id.clone(), bin: bin.clone(), name: None });
            }
        }
    }
}

/// Sends commands and waits until all of them are answered.
///
/// # Errors
/// One of them could not be taken, or the engine has failed.
fn send(port: &mut SourcePort, commands: Vec<Command>) -> Result<Vec<Reply>, Problem> {
    let count = commands.len();
    let mut replies = Vec::with_capacity(count);
    for command in commands {
        let mut waiting = port.try_enter(command)?;
        let mut looks = 0;
        while let Some(command) = waiting.take() {
            looks += 1;
            if looks > LOOKS_MAX {
                return Err(Problem::from(Failure::Overloaded));
            }
            port.answers(LOOK, &mut replies)?;
            waiting = port.try_enter(command)?;
        }
    }
    while replies.len() < count {
        port.answers(LOOK, &mut replies)?;
    }
    let failed = replies.iter().find_map(|reply| match reply {
        Reply::Failed(failure) => Some(*failure),
        _ => None,
    });
    failed.map_or(Ok(replies), |failure| Err(Problem::from(failure)))
}
