//! The workers of a parent: as many as asked, started when they are first needed, replaced when they fail.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use sekisho_policy::Wish;
use sekisho_record::Submission;

use crate::{
    Desk, Error,
    worker::{
        child::{Fault, Recipe, Worker},
        protocol::Judged,
    },
    world::Answering,
};

/// A pool. Each thread that calls [`judge`](Self::judge) drives one worker.
pub struct Pool {
    recipe: Recipe,
    desk: Arc<Desk>,
    most: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Worker>,
    running: usize,
}

impl Pool {
    /// A pool of at most `workers`, of which the first is started now.
    ///
    /// # Errors
    /// When a worker cannot be started: the error is its own, as a person can understand it.
    pub fn start(recipe: Recipe, desk: impl Into<Arc<Desk>>, workers: usize) -> Result<Self, Error> {
        let first = start(&recipe).map_err(|fault| {
            Error::Worker(match fault {
                Fault::Refused(why) => why,
                fault => format!("{} (--in-process goes without workers)", fault.detail()),
            })
        })?;
        let state = Mutex::new(State { idle: vec![first], running: 1 });
        Ok(Self { recipe, desk: desk.into(), most: workers.max(1), state, freed: Condvar::new() })
    }

    /// Has a message judged; waits for a worker when all are busy. `want` names what is wanted besides the verdict.
    ///
    /// Never fails: a message on which a worker fails gets a verdict with a gap of facet `engine` that names the reason,
    /// and the worker is replaced.
    pub fn judge(&self, submission: &Submission<'_>, want: &str) -> Judged {
        self.judge_by(submission, want, self.desk.as_ref())
    }

    /// Has a message judged and decided about. Nothing is decided where nobody could judge.
    pub fn rule(&self, submission: &Submission<'_>, wish: &Wish) -> Judged {
        self.with_worker(|worker| worker.judge(submission, "", Some(wish), self.desk.as_ref()))
    }

    /// The same with somebody else's answers.
    pub fn judge_by(&self, submission: &Submission<'_>, want: &str, by: &dyn Answering) -> Judged {
        self.with_worker(|worker| worker.judge(submission, want, None, by))
    }

    fn with_worker(&self, work: impl FnOnce(&mut Worker) -> Result<Judged, Fault>) -> Judged {
        let mut seat = Seat { pool: self, worker: None };
        let result = self.take().and_then(|mut worker| {
            let result = work(&mut worker);
            if result.is_ok() {
                seat.worker = Some(worker);
            }
            result
        });
        result.unwrap_or_else(|fault| {
            metrics::counter!("sekisho_worker_faults_total", "reason" => fault.reason()).increment(1);
            tracing::warn!(reason = fault.reason(), detail = fault.detail(), "a message was not judged");
            Judged::not_judged(fault.reason(), fault.detail())
        })
    }

    /// Who answers the workers' questions.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Whether a worker runs; where none does, whether one can be started, which is done.
    pub fn present(&self) -> bool {
        let mut state = self.lock();
        let before = state.idle.len();
        state.idle.retain_mut(Worker::is_alive);
        state.running = state.running.saturating_sub(before - state.idle.len());
        if state.running > 0 {
            return true;
        }
        state.running = 1;
        drop(state);
        let mut seat = Seat { pool: self, worker: None };
        match start(&self.recipe) {
            Ok(worker) => seat.worker = Some(worker),
            Err(fault) => tracing::warn!(detail = fault.detail(), "no worker can be started"),
        }
        seat.worker.is_some()
    }

    /// Process ids of the idle workers, for tests.
    pub fn idle(&self) -> Vec<u32> {
        self.lock().idle.iter().map(Worker::id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Worker, Fault> {
        let mut state = self.lock();
        loop {
            if let Some(mut worker) = state.idle.pop() {
                if worker.is_alive() {
                    return Ok(worker);
                }
                // It died while nobody used it; no message is to blame.
                state.running -= 1;
                continue;
            }
            if state.running < self.most {
                break;
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.running += 1;
        drop(state);
        start(&self.recipe)
    }
}

fn start(recipe: &Recipe) -> Result<Worker, Fault> {
    let worker = Worker::start(recipe)?;
    metrics::counter!("sekisho_workers_started_total").increment(1);
    Ok(worker)
}

/// A place in the pool that is given back whatever happens: with the worker, or without when that failed.
struct Seat<'a> {
    pool: &'a Pool,
    worker: Option<Worker>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        match self.worker.take() {
            Some(worker) => state.idle.push(worker),
            None => state.running = state.running.saturating_sub(1),
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}
