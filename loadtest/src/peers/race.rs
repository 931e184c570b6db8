//! Many buyers on one thread, each with a connection of its own, each buying again when it has its
//! answers: the closed loop of `run`, for servers that do not speak HTTP.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};

use super::Settings;
use super::account::Acknowledged;
use crate::driver::Window;
use crate::failure::Failure;
use crate::order::{Line, Order, OrderNumber, Workload};
use crate::tally::{Tally, thread_cpu};

/// The status under which a reservation is counted, as over HTTP.
const CREATED: u16 = 201;
const SOLD_OUT: u16 = 409;

/// One connection.
pub trait Buyer {
    /// Reserves one line for each of the orders, all of them sent before the first answer is awaited.
    /// Says of each whether there was stock.
    ///
    /// # Errors
    /// When the server fails: then there is no race.
    fn buy(
        &mut self,
        orders: &[(OrderNumber, Line)],
    ) -> impl Future<Output = Result<Vec<bool>, Failure>>;
}

/// Lets the buyers buy until the window of the settings is over and every answer has come.
///
/// # Errors
/// Those of a buyer.
pub fn run<B: Buyer + 'static>(
    buyers: Vec<B>,
    settings: &Settings,
    runtime: &Runtime,
) -> Result<(Tally, Acknowledged), Failure> {
    let start = Instant::now();
    let measure_from = start + settings.warmup;
    let window = Window { start, measure_from, end: Some(measure_from + settings.measured) };
    let workload = Workload::new(settings.profile, settings.warehouse, settings.seed);
    let books = Rc::new(RefCell::new(Books {
        tally: Tally::default(),
        acknowledged: Acknowledged::nothing(settings.warehouse),
    }));
    let (local, mut all) = (LocalSet::new(), JoinSet::new());
    for (buyer, thread) in buyers.into_iter().zip(0_u16..) {
        let round = Round { workload: workload.clone(), depth: settings.depth, thread, window };
        all.spawn_local_on(round.go(buyer, Rc::clone(&books)), &local);
    }
    let measured = local.run_until(async {
        tokio::time::sleep_until(measure_from.into()).await;
        let before = thread_cpu();
        tokio::time::sleep_until((measure_from + settings.measured).into()).await;
        let cpu = before.and_then(|before| thread_cpu()?.checked_sub(before));
        while let Some(ended) = all.join_next().await {
            ended.map_err(std::io::Error::from)??;
        }
        Ok::<_, Failure>(cpu)
    });
    let cpu = runtime.block_on(measured)?;
    drop(local);
    let books = Rc::try_unwrap(books).expect("every buyer has ended").into_inner();
    Ok((Tally { cpu, ..books.tally }, books.acknowledged))
}

#[derive(Debug)]
struct Books {
    tally: Tally,
    acknowledged: Acknowledged,
}

/// What one buyer does.
struct Round {
    workload: Workload,
    depth: usize,
    thread: u16,
    window: Window,
}

impl Round {
    async fn go<B: Buyer>(self, mut buyer: B, books: Rc<RefCell<Books>>) -> Result<(), Failure> {
        let (mut order, mut sequence) = (Order::default(), 0);
        let mut wanted = Vec::with_capacity(self.depth);
        loop {
            let since = Instant::now();
            if self.window.is_over(since) {
                return Ok(());
            }
            wanted.clear();
            for _ in 0..self.depth {
                let number = OrderNumber { thread: self.thread, sequence };
                self.workload.make(number, &mut order);
                // The shapes of a race have one line, which is asserted where it is set up.
                wanted.push((number, order.lines[0]));
                sequence += 1;
            }
            let bought = buyer.buy(&wanted).await?;
            self.note(&wanted, &bought, since, &mut books.borrow_mut());
        }
    }

    fn note(
        &self,
        wanted: &[(OrderNumber, Line)],
        bought: &[bool],
        since: Instant,
        books: &mut Books,
    ) {
        let now = Instant::now();
        let (tally, acknowledged) = (&mut books.tally, &mut books.acknowledged);
        for ((_, line), bought) in wanted.iter().zip(bought) {
            if *bought {
                acknowledged.reserve(line.position, line.quantity);
            } else {
                acknowledged.sold_out += 1;
            }
        }
        if self.window.measures(since) {
            tally.record(now.saturating_duration_since(since));
            let yes = u64::try_from(bought.iter().filter(|it| **it).count()).expect("few");
            tally.statuses.add(CREATED, yes);
            tally.statuses.add(SOLD_OUT, u64::try_from(bought.len()).expect("few") - yes);
        }
        if self.window.measures(now) {
            tally.requests += 1;
            tally.operations += u64::try_from(bought.len()).expect("few");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::order::Profile;
    use crate::quantity::Quantity;
    use crate::warehouse::Warehouse;

    /// Sells the even orders and refuses the odd ones.
    struct Even;

    impl Buyer for Even {
        async fn buy(&mut self, orders: &[(OrderNumber, Line)]) -> Result<Vec<bool>, Failure> {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(orders.iter().map(|(number, _)| number.sequence % 2 == 0).collect())
        }
    }

    #[test]
    fn every_answer_is_counted_once() {
        let settings = Settings {
            data_parent: None,
            profile: Profile::Spread,
            connections: 3,
            depth: 4,
            measured: Duration::from_secs(1),
            warmup: Duration::from_millis(10),
            warehouse: Warehouse { items: 5, locations: 1 },
            stock: Quantity::ZERO,
            seed: 1,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (tally, acknowledged) = run(vec![Even, Even, Even], &settings, &runtime).unwrap();
        assert!(tally.operations > 0 && tally.operations == tally.requests * 4, "{tally:?}");
        assert_eq!(acknowledged.reservations, acknowledged.sold_out);
        assert!(acknowledged.reservations * 2 >= tally.operations);
        assert!(tally.latency.min() >= 1_000_000, "a purchase takes a millisecond");
    }
}
