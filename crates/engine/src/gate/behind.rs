//! What follows behind the answer: lessons are learnt and messages kept, several at a time.
//!
//! Whoever is answered does not wait for it, unless too much waits already. What is killed in between is a lesson less:
//! the message itself is with the next server, or held.

use std::sync::Arc;

use sekisho_record::history::Lesson;
use sekisho_store::Keep;
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, mpsc},
    task::JoinHandle,
};

use super::{Arrival, live::submission};
use crate::{Desk, limits, worker::Judged};

/// Hands over what is to be remembered.
pub(super) struct Behind {
    orders: mpsc::Sender<Order>,
    task: Mutex<Option<JoinHandle<()>>>,
}

enum Order {
    Remember(Box<One>),
    Close,
}

/// A message, and its share of the memory that all of them may take.
struct One {
    arrival: Arc<Arrival>,
    judged: Judged,
    _bytes: Option<OwnedSemaphorePermit>,
}

impl Behind {
    /// Starts the task, inside of a runtime.
    pub(super) fn start(desk: Arc<Desk>) -> Self {
        let (orders, received) = mpsc::channel(limits::BEHIND_MAX);
        let task = Mutex::new(Some(tokio::spawn(run(desk, received))));
        Self { orders, task }
    }

    /// Hands a message over. Waits only while too many wait.
    pub(super) async fn remember(
        &self,
        arrival: Arc<Arrival>,
        judged: Judged,
        bytes: Option<OwnedSemaphorePermit>,
    ) {
        if judged.lesson.is_some() {
            // After the end nothing is remembered.
            let _ = self.orders.send(Order::Remember(Box::new(One { arrival, judged, _bytes: bytes }))).await;
        }
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
    let mut orders = Vec::new();
    while received.recv_many(&mut orders, limits::BEHIND_BATCH).await > 0 {
        let mut batch = Vec::with_capacity(orders.len());
        for order in orders.drain(..) {
            match order {
                Order::Remember(one) => batch.push(*one),
                Order::Close => received.close(),
            }
        }
        let desk = Arc::clone(&desk);
        if let Err(error) = tokio::task::spawn_blocking(move || write(&desk, batch)).await {
            tracing::error!(%error, "messages were not remembered");
        }
    }
}

/// Keeps and learns. What cannot be learnt now is learnt by `sekisho replay` later; the mail does not wait for it.
fn write(desk: &Desk, batch: Vec<One>) {
    let mut lessons: Vec<Lesson> = Vec::with_capacity(batch.len());
    let mut keeps: Vec<Keep> = Vec::new();
    for One { arrival, judged, .. } in batch {
        let Some(lesson) = judged.lesson else { continue };
        match desk.seal(&submission(&arrival, &lesson.record), &judged.verdict, &judged.asked, lesson.at) {
            Ok(keep) => keeps.extend(keep),
            Err(why) => tracing::warn!(id = lesson.record, why = why.0, "a message is not kept"),
        }
        lessons.push(lesson);
    }
    let count = lessons.len();
    if let Err(error) = desk.keep(&keeps) {
        tracing::error!(%error, messages = keeps.len(), "messages are not kept");
    }
    if let Err(error) = desk.learn(lessons) {
        tracing::error!(%error, lessons = count, "lessons are lost");
        metrics::counter!("sekisho_lessons_lost_total").increment(count as u64);
    }
}
