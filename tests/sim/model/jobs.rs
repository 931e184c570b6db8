//! Jobs: what one may do next, and what must be done when it ends. In which order it looks at things is
//! its own affair.

use std::collections::{BTreeMap, BTreeSet};

use onhand_domain::change::Cause;
use onhand_domain::command::{StartJob, WishedTask};
use onhand_domain::ids::{ItemId, LocationId, Reference, TenantId};
use onhand_domain::job::JobStatus;
use onhand_domain::limits::JOBS_MAX;
use onhand_domain::rejection::{Limit, Rejection};

use super::Model;
use super::promise::Promise;
use super::shop::{Key, Shop};
use super::step::{Step, Told};

/// What a record says about a job: its number, where it stands, what it has done, what it left.
pub(crate) type JobTold = (u64, JobStatus, u64, u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    CancelItem(ItemId),
    CancelLocation(LocationId),
    Archive(Reference),
    Open(LocationId),
}

/// A job that runs.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    tenant: TenantId,
    task: Task,
    pub(crate) done: u64,
    /// What it must not forget: items, with their versions when it began.
    items: BTreeMap<ItemId, u32>,
    /// The location it opens, as it was when it began.
    location: u32,
}

/// Items that the catalog was told of, and that are counted.
fn listed(shop: &Shop) -> impl Iterator<Item = &ItemId> {
    let all = shop.items.iter();
    let listed = all.filter(|(_, it)| it.attributes.is_some() && it.tracked() && !it.archived);
    listed.map(|(id, _)| id)
}

impl Step {
    pub(super) fn start_job(&mut self, wish: &StartJob) -> Result<(), Rejection> {
        self.is_fact = true;
        let task = match &wish.task {
            WishedTask::CancelItem(item) => {
                self.known_item(item)?;
                Task::CancelItem(item.clone())
            }
            WishedTask::CancelLocation(location) => {
                self.known_location(location)?;
                Task::CancelLocation(location.clone())
            }
            WishedTask::ArchiveProduct(product) => Task::Archive(product.clone()),
        };
        self.begin_job(task)
    }

    fn begin_job(&mut self, task: Task) -> Result<(), Rejection> {
        if self.model.jobs.len() >= JOBS_MAX as usize {
            return Err(Rejection::LimitExceeded { what: Limit::Jobs, limit: JOBS_MAX });
        }
        let shop = self.shop();
        let items = shop.items.iter().map(|(id, item)| (id.clone(), item.version)).collect();
        let location = match &task {
            Task::Open(at) => shop.locations.get(at).map_or(0, |held| held.version),
            _ => 0,
        };
        let job = Job { tenant: self.tenant.clone(), task, done: 0, items, location };
        self.model.jobs.insert(self.sequence, job);
        self.told.job = Some((self.sequence, JobStatus::Running, 0, 0));
        Ok(())
    }

    /// A location sells for the first time, or again: what is counted gets a position there.
    pub(super) fn open_for_selling(&mut self, id: &LocationId) -> Result<(), Rejection> {
        if listed(self.shop()).next().is_none() {
            return Ok(());
        }
        self.begin_job(Task::Open(id.clone()))
    }
}

/// What is wrong about a step of a job.
type Wrong = String;

impl Model {
    /// The job that is worked on: the oldest.
    fn working(&self, number: u64) -> Result<&Job, Wrong> {
        let first = self.jobs.first_key_value();
        match first.filter(|(held, _)| **held == number) {
            Some((_, job)) => Ok(job),
            None => Err(format!("job {number} goes on, and the oldest is {first:?}")),
        }
    }

    fn job_step(
        &mut self,
        number: u64,
        cause: Cause,
        now: i64,
        does: impl FnOnce(&mut Step) -> Result<u64, Rejection>,
    ) -> Result<Told, Wrong> {
        let tenant = self.working(number)?.tenant.clone();
        let mut step = Step::of(self, &tenant, now);
        step.told.cause = Some(cause);
        let count = does(&mut step).map_err(|refused| format!("job {number}: {refused:?}"))?;
        let job = step.model.jobs.get_mut(&number).expect("it runs");
        job.done += count;
        step.told.job = Some((number, JobStatus::Running, job.done, 0));
        Ok(self.take(step))
    }

    fn is_meant(&self, number: u64, job: &Job, held: &Promise) -> bool {
        let touches = |line: &&super::promise::Line| match &job.task {
            Task::CancelItem(item) => line.item == *item,
            Task::CancelLocation(at) => line.location.as_ref() == Some(at),
            _ => false,
        };
        let mut open = held.lines.iter().filter(|line| line.open() != 0);
        held.tenant == job.tenant
            && held.status.is_open()
            && held.number < number
            && open.any(|line| touches(&line))
    }

    /// A job cancels a reservation: one that was promised before it began.
    pub(crate) fn job_cancels(&mut self, number: u64, held: u64, now: i64) -> Result<Told, Wrong> {
        let promise = self.promises.get(&held).ok_or(format!("{held} was never made"))?;
        if !self.is_meant(number, self.working(number)?, promise) || promise.is_due(now) {
            return Err(format!("job {number} cancels {held}, which it does not mean"));
        }
        let mut promise: Promise = (**promise).clone();
        self.job_step(number, Cause::Cancelled, now, |step| {
            step.withdraw(&mut promise)?;
            step.put(promise);
            Ok(1)
        })
    }

    /// A job archives an item of its product.
    pub(crate) fn job_archives(
        &mut self,
        number: u64,
        item: &ItemId,
        now: i64,
    ) -> Result<Told, Wrong> {
        let job = self.working(number)?;
        if !self.is_of_product(job, item) {
            return Err(format!("job {number} archives {item}, which it does not mean"));
        }
        let item = item.clone();
        self.job_step(number, Cause::ItemArchived, now, |step| {
            step.archive_item(&item)?;
            Ok(1)
        })
    }

    fn is_of_product(&self, job: &Job, item: &ItemId) -> bool {
        let held = self.shop(&job.tenant).items.get(item).filter(|it| !it.archived);
        let said = held.and_then(|held| held.attributes.as_ref());
        let product = said.and_then(|said| said.product.clone());
        matches!((&job.task, product), (Task::Archive(meant), Some(of)) if *meant == of)
    }

    /// A job opens positions that are missing.
    pub(crate) fn job_opens(
        &mut self,
        number: u64,
        keys: &BTreeSet<Key>,
        now: i64,
    ) -> Result<Told, Wrong> {
        let job = self.working(number)?;
        let shop = self.shop(&job.tenant);
        let is_meant = |key: &Key| {
            job.task == Task::Open(key.1.clone())
                && shop.sells(&key.1)
                && !shop.positions.contains_key(key)
                && listed(shop).any(|item| *item == key.0)
        };
        if let Some(other) = keys.iter().find(|key| !is_meant(key)) {
            return Err(format!("job {number} opens {other:?}, which it does not mean"));
        }
        let count = keys.len() as u64;
        self.job_step(number, Cause::PositionsOpened, now, |step| {
            keys.iter().for_each(|key| step.touch(key));
            Ok(count)
        })
    }

    /// A job ends: nothing is left that has been there, unchanged, since it began.
    pub(crate) fn job_ends(&mut self, number: u64, left: u64, now: i64) -> Result<Told, Wrong> {
        let job = self.working(number)?.clone();
        let forgotten = self.promises.values().find(|held| {
            held.sequence < number && self.is_meant(number, &job, held) && !held.is_due(now)
        });
        if let Some(held) = forgotten {
            return Err(format!("job {number} ends, and forgot {}", held.number));
        }
        let shop = self.shop(&job.tenant);
        let same = |id: &ItemId| {
            shop.items.get(id).is_some_and(|item| job.items.get(id) == Some(&item.version))
        };
        if let Task::Open(at) = &job.task
            && shop.locations.get(at).is_some_and(|held| held.version == job.location)
            && let Some(item) = listed(shop)
                .find(|id| same(id) && !shop.positions.contains_key(&((*id).clone(), at.clone())))
        {
            return Err(format!("job {number} ends, and {item} has no position at {at}"));
        }
        let is_empty = |item: &ItemId| {
            shop.positions_of(item).iter().all(|key| shop.positions[key].is_empty())
        };
        let of_product = shop.items.keys().filter(|item| self.is_of_product(&job, item));
        let (empty, full): (Vec<_>, Vec<_>) = of_product.partition(|item| is_empty(item));
        // Something may have been emptied, or filled, since the job looked at it.
        if left > (empty.len() + full.len()) as u64 {
            return Err(format!("job {number} has left {left} items, of {full:?} and {empty:?}"));
        }
        let mut step = Step::of(self, &job.tenant, now);
        step.told.cause = Some(Cause::JobEnded);
        step.told.job = Some((number, JobStatus::Completed, job.done, left));
        step.model.jobs.remove(&number);
        Ok(self.take(step))
    }
}
