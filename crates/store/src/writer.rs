//! Learning behind the verdict's back: whoever has a lesson hands it over and goes on; what waits is learnt together.
//!
//! * **Group commit.** While one batch is being written the next one gathers, so nobody waits for a timer, and the busier
//!   it is the cheaper a lesson gets. Lessons are learnt in the order in which they came.
//! * **Durable in order.** What was accepted is learnt before [`Writer::close`] ends, and before [`Writer::flush`] does. A
//!   program that is killed loses what waits, which is the mail of some milliseconds: a message is made durable by
//!   whoever accepts it, history only knows one less, and `sekisho replay` adds it.
//! * **Back-pressure.** [`limits::WAITING_MAX`] lessons may wait. Then [`Writer::learn`] waits, too, and after
//!   [`limits::ACCEPT_MS_MAX`] gives the lesson back as [`StoreError::Busy`]: the caller names a gap.
//! * **Nothing in silence.** A database that is away or full is tried again until it is back. A lesson that can never be
//!   learnt is counted, and [`Writer::lost`] says why.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sekisho_record::history::Lesson;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use crate::{Store, StoreError, limits};

/// Hands lessons to a task that learns them. Clones hand them to the same.
#[derive(Debug, Clone)]
pub struct Writer {
    orders: mpsc::Sender<Order>,
    lost: Arc<Mutex<Lost>>,
    closing: Arc<AtomicBool>,
    task: Arc<tokio::sync::Mutex<Option<JoinHandle<()>>>>,
}

/// Lessons that were accepted and not learnt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lost {
    /// How many.
    pub lessons: u64,
    /// Why the last of them was not.
    pub why: String,
}

#[derive(Debug)]
enum Order {
    Learn(Box<Lesson>),
    /// Everything that came before is learnt; then say so.
    Flush(oneshot::Sender<()>),
    /// This is the last order that counts.
    Close,
}

impl Writer {
    /// Starts a task that learns into the store. To be called inside of a tokio runtime.
    #[must_use]
    pub fn start(store: Store) -> Self {
        let (orders, received) = mpsc::channel(limits::WAITING_MAX);
        let lost = Arc::new(Mutex::new(Lost::default()));
        let closing = Arc::new(AtomicBool::new(false));
        let task = Task { store, received, lost: Arc::clone(&lost), closing: Arc::clone(&closing) };
        let task = Arc::new(tokio::sync::Mutex::new(Some(tokio::spawn(task.run()))));
        Self { orders, lost, closing, task }
    }

    /// Accepts a lesson. Waits only while too many wait.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when it was not accepted in time, [`StoreError::Gone`] when the writer is closed.
    pub async fn learn(&self, lesson: Lesson) -> Result<(), StoreError> {
        let accepted = self.orders.send(Order::Learn(Box::new(lesson)));
        match timeout(Duration::from_millis(limits::ACCEPT_MS_MAX), accepted).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(StoreError::Busy(format!("{} lessons wait to be learnt", limits::WAITING_MAX))),
        }
    }

    /// Waits until everything that was accepted is learnt, or known to be lost.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the writer is closed.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.orders.send(Order::Flush(done)).await.map_err(|_| closed())?;
        wait.await.map_err(|_| closed())
    }

    /// Learns what was accepted and ends. What cannot be learnt now is lost, and counted.
    pub async fn close(&self) -> Lost {
        self.closing.store(true, Ordering::SeqCst);
        // It is closed either way.
        let _ = self.orders.send(Order::Close).await;
        if let Some(task) = self.task.lock().await.take() {
            let _ = task.await;
        }
        self.lost()
    }

    /// Lessons that were accepted and could not be learnt.
    #[must_use]
    pub fn lost(&self) -> Lost {
        lock(&self.lost).clone()
    }
}

fn closed() -> StoreError {
    StoreError::Gone("the writer is closed".to_owned())
}

fn lock(lost: &Mutex<Lost>) -> MutexGuard<'_, Lost> {
    lost.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Task {
    store: Store,
    received: mpsc::Receiver<Order>,
    lost: Arc<Mutex<Lost>>,
    /// What cannot be learnt now is not waited for.
    closing: Arc<AtomicBool>,
}

impl Task {
    async fn run(mut self) {
        let mut orders = Vec::new();
        let mut open = true;
        // Once closed, what is left comes and then nothing.
        while self.received.recv_many(&mut orders, limits::GROUP_MAX).await > 0 {
            let (mut lessons, mut waiting) = (Vec::with_capacity(orders.len()), Vec::new());
            for order in orders.drain(..) {
                match order {
                    Order::Learn(lesson) => lessons.push(*lesson),
                    Order::Flush(done) => waiting.push(done),
                    Order::Close => open = false,
                }
            }
            if !open {
                self.received.close();
            }
            self.learn(lessons).await;
            for done in waiting {
                // Who does not wait any more need not be told.
                let _ = done.send(());
            }
        }
    }

    /// Learns them, sooner or later. If one of them can never be learnt, each goes alone.
    async fn learn(&self, lessons: Vec<Lesson>) {
        let mut groups = VecDeque::from([lessons]);
        let mut pause = limits::RETRY_MS_MIN;
        while let Some(group) = groups.front().filter(|group| !group.is_empty()) {
            match self.store.learn(group).await {
                Ok(_) => pause = limits::RETRY_MS_MIN,
                Err(error) if error.may_pass() && !self.closing.load(Ordering::SeqCst) => {
                    tracing::warn!(%error, lessons = group.len(), "lessons wait");
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    pause = (pause * 2).min(limits::RETRY_MS_MAX);
                    continue;
                }
                Err(error) if error.may_pass() || group.len() == 1 => self.lose(group.len(), &error),
                Err(_) => {
                    let alone = groups.pop_front().unwrap_or_default().into_iter().map(|one| vec![one]);
                    groups.extend(alone);
                    continue;
                }
            }
            groups.pop_front();
        }
    }

    fn lose(&self, lessons: usize, error: &StoreError) {
        tracing::error!(%error, lessons, "lessons are lost");
        let mut lost = lock(&self.lost);
        lost.lessons += lessons as u64;
        lost.why = error.to_string();
    }
}
