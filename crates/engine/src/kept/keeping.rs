//! Keeping judged messages behind a desk, and removing what is too old.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use sekisho_record::{Class, Submission, Verdict};
use sekisho_store::{Bytes, Key, Retention, Store, StoreError, Swept};
use tokio::task::JoinHandle;

use super::{bundle, class_name, pack};
use crate::{Desk, Error, limits, world::Exchange};

const SECONDS_A_DAY: i64 = 86_400;
const SECONDS_A_MINUTE: i64 = 60;

/// Where message bytes are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keeper {
    /// A folder, or `s3://bucket/prefix`.
    pub objects: String,
    /// The key file.
    pub key: PathBuf,
}

/// What a desk keeps of judged messages.
#[derive(Default)]
pub struct Keeping {
    /// The store behind history, where there is one.
    pub(crate) store: Option<Store>,
    bytes: Option<Bytes>,
    /// The same place, written so that it survives a power failure: for what is held.
    pub(crate) durable: Option<Bytes>,
    /// For how long what is kept; a class with no days is not kept at all.
    retention: Retention,
    sweeping: Mutex<Sweeping>,
}

/// Sweeps that are not waited for.
#[derive(Default)]
struct Sweeping {
    running: Option<JoinHandle<Result<Swept, StoreError>>>,
    done: Swept,
    failed: Option<String>,
}

/// A message that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    packed: Vec<u8>,
    class: &'static str,
    at: i64,
}

/// Why a message is not kept. It never will be: keeping it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unkept(pub String);

impl Desk {
    /// The same, removing what is older than this when it is told to sweep.
    #[must_use]
    pub fn with_retention(mut self, retention: Retention) -> Self {
        self.keeping.retention = retention;
        self
    }

    /// The same, keeping the bytes of judged messages for as long as the retention says for their class. A key file is
    /// made where there is none and nothing was kept before.
    ///
    /// # Errors
    /// When there is no store to note them in, or the key or the place of the objects cannot be used.
    pub fn with_keeper(mut self, keeper: &Keeper) -> Result<Self, Error> {
        let Some(store) = self.keeping.store.clone() else {
            return Err(Error::Kept("there is no history to note objects in".to_owned()));
        };
        let (bytes, durable) = self.wait(async {
            let key = match Key::read(&keeper.key) {
                Err(_) if !keeper.key.exists() => first_key(&store, &keeper.key).await?,
                found => found.map_err(kept)?,
            };
            let bytes = Bytes::open_unsynced(&keeper.objects, &BTreeMap::new(), key).map_err(kept)?;
            store.claim(&bytes).await.map_err(|error| unfit(error, &keeper.key))?;
            let key = Key::read(&keeper.key).map_err(kept)?;
            let durable = Bytes::open(&keeper.objects, &BTreeMap::new(), key).map_err(kept)?;
            Ok((bytes, durable))
        })?;
        self.keeping.bytes = Some(bytes);
        self.keeping.durable = Some(durable);
        Ok(self)
    }

    /// The bytes of judged messages are kept.
    pub fn keeps(&self) -> bool {
        self.keeping.bytes.is_some()
    }

    /// Whether judged messages of this class are kept.
    pub fn keeps_class(&self, class: Class) -> bool {
        self.keeps() && self.keeping.retention.object_days.get(class_name(class)) != Some(&0)
    }

    /// What is to be kept of a judged message that arrived `at`; `None` when nothing is.
    ///
    /// # Errors
    /// When it is over a limit.
    pub fn pack(
        &self,
        submission: &Submission<'_>,
        verdict: &Verdict,
        asked: &[Exchange],
        at: i64,
    ) -> Result<Option<Keep>, Unkept> {
        if !self.keeps_class(verdict.class) {
            return Ok(None);
        }
        let class = class_name(verdict.class);
        let packed = pack(submission, verdict, !self.is_closed(), asked).map_err(Unkept)?;
        if packed.len() > sekisho_store::limits::OBJECT_BYTES_MAX {
            return Err(Unkept(format!("an object of {} bytes", packed.len())));
        }
        Ok(Some(Keep { packed, class, at }))
    }

    /// Keeps messages, compressed and encrypted on this thread, and waits until they are kept. Small ones are bundled.
    ///
    /// # Errors
    /// When they are not: the same may be given again.
    pub fn keep(&self, all: &[Keep]) -> Result<(), Error> {
        let (Some(store), Some(bytes)) = (&self.keeping.store, &self.keeping.bytes) else { return Ok(()) };
        let mut objects = Vec::new();
        for Object { class, at, content } in bundled(all) {
            let sealed = bytes.seal(&content).map_err(kept)?;
            objects.push(sekisho_store::Keep { sealed, class: class.to_owned(), at });
        }
        if objects.is_empty() {
            return Ok(());
        }
        self.wait(async { store.keep_many(bytes, &objects).await.map_err(kept) })
    }

    /// Removes what is too old at `now` in at most `calls` bounded calls, and waits until it is done. [`Swept::more`]
    /// says that there is more.
    ///
    /// # Errors
    /// When it cannot; what is removed is removed.
    pub fn sweep(&self, now: i64, calls: usize) -> Result<Swept, Error> {
        let Some(task) = self.sweep_task(now, calls, false) else { return Ok(Swept::default()) };
        self.wait(async { task.await.map_err(|error| Error::History(error.to_string())) })
    }

    /// Begins to remove what is too old at `now`, unless that was done on the same day, or is still under way.
    pub fn sweep_behind(&self, now: i64, calls: usize) {
        let mut sweeping = self.sweeping();
        if sweeping.running.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        let ended = sweeping.running.take();
        drop(sweeping);
        self.ended(ended);
        let running = self.sweep_task(now, calls, true).and_then(|task| self.behind(task));
        self.sweeping().running = running;
    }

    /// What was removed behind since the beginning; waits for what is under way.
    ///
    /// # Errors
    /// Why the last sweep that failed did.
    pub fn swept(&self) -> Result<Swept, Error> {
        let running = self.sweeping().running.take();
        self.ended(running);
        let sweeping = self.sweeping();
        match &sweeping.failed {
            Some(why) => Err(Error::History(why.clone())),
            None => Ok(sweeping.done),
        }
    }

    fn sweep_task(
        &self,
        now: i64,
        calls: usize,
        daily: bool,
    ) -> Option<impl Future<Output = Result<Swept, StoreError>> + Send + 'static> {
        let Keeping { store, bytes, retention, .. } = &self.keeping;
        let (store, bytes, retention) = (store.clone()?, bytes.clone(), retention.clone());
        Some(async move {
            let mut all = Swept::default();
            if daily && !store.sweep_due(now.div_euclid(SECONDS_A_DAY)).await? {
                return Ok(all);
            }
            for _ in 0..calls.clamp(1, limits::SWEEP_CALLS_MAX) {
                let one = store.sweep(now, &retention, bytes.as_ref()).await?;
                add(&mut all, one);
                if !one.more {
                    break;
                }
            }
            Ok(all)
        })
    }

    /// Notes how a sweep ended.
    fn ended(&self, running: Option<JoinHandle<Result<Swept, StoreError>>>) {
        let Some(running) = running else { return };
        let result = self.blocking(true, running);
        let mut sweeping = self.sweeping();
        match result {
            Some(Ok(Ok(swept))) => add(&mut sweeping.done, swept),
            Some(Ok(Err(error))) => sweeping.failed = Some(error.to_string()),
            Some(Err(error)) => sweeping.failed = Some(error.to_string()),
            None => sweeping.failed = Some("no runtime to wait in".to_owned()),
        }
    }

    fn sweeping(&self) -> MutexGuard<'_, Sweeping> {
        self.keeping.sweeping.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object that is to be written.
struct Object<'a> {
    class: &'static str,
    at: i64,
    content: Cow<'a, [u8]>,
}

/// The objects of messages that are kept together. A bundle is as young as its youngest message: the others stay for up
/// to a minute longer.
fn bundled(all: &[Keep]) -> Vec<Object<'_>> {
    let mut open: BTreeMap<(&'static str, i64), Vec<&Keep>> = BTreeMap::new();
    let mut objects = Vec::new();
    for keep in all {
        let group = open.entry((keep.class, keep.at.div_euclid(SECONDS_A_MINUTE))).or_default();
        let size: usize = group.iter().map(|keep| keep.packed.len()).sum();
        if size + keep.packed.len() > limits::BUNDLE_BYTES_MAX {
            objects.extend(object(&std::mem::take(group)));
        }
        group.push(keep);
    }
    objects.extend(open.into_values().filter_map(|group| object(&group)));
    objects
}

fn object<'a>(group: &[&'a Keep]) -> Option<Object<'a>> {
    let at = group.iter().map(|keep| keep.at).max()?;
    let content = match group {
        [only] => Cow::Borrowed(only.packed.as_slice()),
        several => {
            let packed: Vec<&[u8]> = several.iter().map(|keep| keep.packed.as_slice()).collect();
            Cow::Owned(bundle(&packed))
        }
    };
    Some(Object { class: group.first()?.class, at, content })
}

/// Makes the first key; where there was one, what is kept could never be read again beside a new one.
async fn first_key(store: &Store, path: &Path) -> Result<Key, Error> {
    if store.object_key().await.map_err(kept)?.is_some() {
        return Err(Error::Kept(format!(
            "key file {} is missing, and messages are kept that only it opens: put it back",
            path.display()
        )));
    }
    match Key::create(path) {
        // Somebody else made it at the same moment.
        Err(_) if path.exists() => Key::read(path).map_err(kept),
        made => made.map_err(kept),
    }
}

fn add(all: &mut Swept, one: Swept) {
    all.ticks += one.ticks;
    all.messages += one.messages;
    all.traits += one.traits;
    all.objects += one.objects;
    all.more = one.more;
}

pub(super) fn kept(error: StoreError) -> Error {
    Error::Kept(error.to_string())
}

/// A key that is another one is named with its file.
pub(super) fn unfit(error: StoreError, path: &Path) -> Error {
    match error {
        StoreError::Key(why) => Error::Kept(format!("key file {}: {why}", path.display())),
        other => kept(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_of_one_class_and_minute_and_within_their_limit() {
        let keep = |class, at, size| Keep { packed: vec![b'x'; size], class, at };
        let half = limits::BUNDLE_BYTES_MAX / 2;
        let told = |all: &[Keep]| -> Vec<(&str, i64, usize)> {
            let mut all: Vec<_> = bundled(all).iter().map(|o| (o.class, o.at, o.content.len())).collect();
            all.sort_unstable();
            all
        };
        assert_eq!(told(&[keep("benign", 7, 10)]), [("benign", 7, 10)], "one alone stays what it is");
        let two = 4 + 2 * (4 + 10);
        assert_eq!(told(&[keep("benign", 59, 10), keep("benign", 7, 10)]), [("benign", 59, two)]);
        let apart = [("benign", 59, 10), ("benign", 60, 10)];
        assert_eq!(told(&[keep("benign", 59, 10), keep("benign", 60, 10)]), apart);
        let apart = [("benign", 7, 10), ("malicious", 7, 10)];
        assert_eq!(told(&[keep("benign", 7, 10), keep("malicious", 7, 10)]), apart);
        let three = [keep("benign", 7, half), keep("benign", 8, half), keep("benign", 9, half)];
        assert_eq!(told(&three), [("benign", 8, 4 + 2 * (4 + half)), ("benign", 9, half)]);
        let large = limits::BUNDLE_BYTES_MAX + 1;
        let between = [keep("benign", 7, 10), keep("benign", 7, large), keep("benign", 7, 10)];
        assert_eq!(told(&between), [("benign", 7, 10), ("benign", 7, 10), ("benign", 7, large)]);
    }
}
