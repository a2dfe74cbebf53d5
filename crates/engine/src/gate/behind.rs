//! What follows behind the answer: lessons are learnt and messages kept, several at a time.
//!
//! Messages gather for [`limits::BEHIND_GATHER`], then they are written in one transaction. Whoever is answered does not
//! wait for it, unless too much waits already. What is killed in between is a lesson less: the message itself is with the
//! next server, or held.

use std::sync::Arc;

use sekisho_record::{Submission, history::Lesson};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{Arrival, again::Again, live::submission};
use crate::{Desk, kept::Keep, limits, worker::Judged};

/// Hands over what is to be remembered.
pub(super) struct Behind {
    orders: mpsc::Sender<Order>,
    task: Mutex<Option<JoinHandle<()>>>,
    desk: Arc<Desk>,
    again: Again,
}

enum Order {
    Remember(Box<One>),
    Close,
}

/// A message, and its share of the memory that all of them may take.
struct One {
    arrival: Arc<Arrival>,
    judged: Judged,
    /// Name of its record.
    id: String,
    /// Who waits until it is durable.
    told: Option<oneshot::Sender<bool>>,
    _bytes: Option<OwnedSemaphorePermit>,
}

impl Behind {
    /// Starts the task, inside of a runtime.
    pub(super) fn start(desk: Arc<Desk>) -> Self {
        let (orders, received) = mpsc::channel(limits::BEHIND_MAX);
        let task = Mutex::new(Some(tokio::spawn(run(Arc::clone(&desk), received))));
        Self { orders, task, desk, again: Again::default() }
    }

    /// Hands a message over. Where too many wait, the answer waits, too, but not for long: its lesson is lost then.
    pub(super) async fn remember(
        &self,
        arrival: Arc<Arrival>,
        judged: Judged,
        bytes: Option<OwnedSemaphorePermit>,
    ) {
        if judged.lesson.is_none() {
            return;
        }
        let one = One { arrival, judged, id: String::new(), told: None, _bytes: bytes };
        let order = Order::Remember(Box::new(one));
        if self.orders.send_timeout(order, limits::BEHIND_PATIENCE).await.is_err() {
            tracing::warn!("a lesson is lost: too many wait to be learnt");
            metrics::counter!("sekisho_lessons_lost_total").increment(1);
        }
    }

    /// Hands a message over and waits until what is remembered of it is durable; also of one that nobody could judge.
    ///
    /// What can never be kept (over a limit) is counted and taken all the same: it must not stand before all others. What
    /// was too late is to come again when there is less to do, and what nobody could judge where nothing of it is kept;
    /// neither for ever.
    pub(super) async fn record(
        &self,
        arrival: Arc<Arrival>,
        id: &str,
        judged: Judged,
        late: bool,
        bytes: Option<OwnedSemaphorePermit>,
    ) -> bool {
        let lost = judged.nobody_judged() && !self.desk.keeps_class(judged.verdict.class);
        if (late || lost) && self.again.wants(&arrival.raw) {
            return false;
        }
        if lost {
            tracing::error!(
                id,
                intake = arrival.intake,
                "nobody could judge a message, and nothing is left of it"
            );
            metrics::counter!("sekisho_not_kept_total", "reason" => "not_judged").increment(1);
        }
        let (told, heard) = oneshot::channel();
        let one = One { arrival, judged, id: id.to_owned(), told: Some(told), _bytes: bytes };
        self.orders.send(Order::Remember(Box::new(one))).await.is_ok() && heard.await.unwrap_or(false)
    }

    /// Waits until everything that was handed over is written.
    pub(super) async fn close(&self) {
        let _ = self.orders.send(Order::Close).await;
        if let Some(task) = self.task.lock().await.take() {
            // It has no result.
            let _ = task.await;
        }
    }
}

async fn run(desk: Arc<Desk>, mut received: mpsc::Receiver<Order>) {
    while let Some(batch) = gathered(&mut received).await {
        let desk = Arc::clone(&desk);
        if let Err(error) = tokio::task::spawn_blocking(move || write(&desk, batch)).await {
            tracing::error!(%error, "messages were not remembered");
        }
    }
}

/// The next messages that are written together; `None` when there will be no more.
async fn gathered(received: &mut mpsc::Receiver<Order>) -> Option<Vec<One>> {
    let mut batch: Vec<One> = Vec::new();
    let mut bytes = 0;
    let mut next = received.recv().await;
    let mut end = Instant::now() + limits::BEHIND_GATHER;
    loop {
        match next {
            Some(Order::Remember(one)) => {
                bytes += one.arrival.raw.len();
                if one.told.is_some() {
                    // What is there already is taken along.
                    end = Instant::now();
                }
                batch.push(*one);
                if batch.len() >= limits::BEHIND_BATCH || bytes >= limits::BEHIND_BATCH_BYTES {
                    break;
                }
                next = match timeout_at(end, received.recv()).await {
                    Ok(next) => next,
                    Err(_) => break,
                };
            }
            Some(Order::Close) => {
                received.close();
                next = received.recv().await;
            }
            None => break,
        }
    }
    (!batch.is_empty()).then_some(batch)
}

/// Keeps and learns. What cannot be learnt now is learnt by `sekisho replay` later; the mail does not wait for it.
fn write(desk: &Desk, batch: Vec<One>) {
    let mut lessons: Vec<Lesson> = Vec::with_capacity(batch.len());
    let mut keeps: Vec<Keep> = Vec::new();
    let mut waiting = Vec::new();
    for One { arrival, judged, id, told, .. } in batch {
        let Judged { lesson, verdict, asked, .. } = judged;
        let (record, at) = match &lesson {
            Some(lesson) => (lesson.record.as_str(), lesson.at),
            None => (id.as_str(), arrival.at),
        };
        let submission: Submission<'_> = submission(&arrival, record);
        match desk.pack(&submission, &verdict, &asked, at) {
            Ok(keep) => keeps.extend(keep),
            Err(why) => {
                tracing::error!(id = record, why = why.0, "a message can never be kept");
                metrics::counter!("sekisho_not_kept_total", "reason" => "over_limit").increment(1);
            }
        }
        lessons.extend(lesson);
        waiting.extend(told);
    }
    let count = lessons.len();
    let kept = desk.keep(&keeps);
    if let Err(error) = &kept {
        tracing::error!(%error, messages = keeps.len(), "messages are not kept");
    }
    let learnt = desk.learn(lessons);
    if let Err(error) = &learnt {
        tracing::error!(%error, lessons = count, "lessons are lost");
        metrics::counter!("sekisho_lessons_lost_total").increment(count as u64);
    }
    for told in waiting {
        // Who does not wait any more hands it in again.
        let _ = told.send(kept.is_ok() && learnt.is_ok());
    }
}
