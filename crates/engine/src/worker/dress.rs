//! Workers that put banners on: nothing else, no rules, so that one is there within milliseconds. A fresh one for each
//! message, since the message may be one that has just ended another worker.

use std::io;

use sekisho_policy::{Secret, banner::Banner, dress_only};
use sekisho_record::{Change, FieldChange};
use serde::{Deserialize, Serialize};

use super::{
    child::{Fault, Recipe, Worker},
    serve::serve_tasks,
};
use crate::{Error, limits};

/// What is to be put on.
#[derive(Serialize, Deserialize)]
struct What {
    banner: Banner,
    fields: Vec<FieldChange>,
    /// By what it is known as ours.
    key: Secret,
}

/// Puts banners on by way of workers.
#[derive(Debug, Clone)]
pub struct Dresser {
    recipe: Recipe,
}

impl Dresser {
    /// With workers of this recipe, which have to run [`serve_dressing`]. Of its marks they get the banners' secret.
    pub fn new(mut recipe: Recipe) -> Self {
        recipe.deadline = limits::DRESS_DEADLINE;
        Self { recipe }
    }

    /// The change that puts a banner on a message, with these changes of its fields; `None` where none can be put on.
    /// Waits for the worker.
    ///
    /// # Errors
    /// When the worker cannot be started or does not give a result within its limits.
    pub fn dress(
        &self,
        raw: &[u8],
        banner: &Banner,
        fields: &[FieldChange],
    ) -> Result<Option<Change>, Fault> {
        let key = self.recipe.marks.banner_key.clone();
        let what = What { banner: banner.clone(), fields: fields.to_vec(), key };
        let what = serde_json::to_vec(&what).map_err(|error| Fault::Failed(error.to_string()))?;
        let mut worker = Worker::start(&self.recipe)?;
        let result = worker.task(&what, raw, &mut |_| {})?;
        serde_json::from_slice(&result).map_err(|error| Fault::Failed(error.to_string()))
    }
}

/// Locks this process in and puts banners on until its input ends. `memory` as in
/// [`Extras`](super::serve::Extras); `before` sees the bytes first.
///
/// # Errors
/// When the lock cannot be closed, or the parent is gone or speaks nonsense.
pub fn serve_dressing(memory: u64, before: &dyn Fn(&[u8])) -> Result<(), Error> {
    let task = |what: &[u8], raw: &[u8], _: &mut dyn FnMut(&[u8]) -> io::Result<()>| {
        before(raw);
        let What { banner, fields, key } = serde_json::from_slice(what)?;
        Ok(serde_json::to_vec(&dress_only(raw, &banner, &fields, &key))?)
    };
    serve_tasks(&task, memory)
}
