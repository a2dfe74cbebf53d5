//! `sekisho audit`: who did what with held mail, and what was refused.

use anyhow::Result;
use sekisho_store::AuditFilter;

use super::{Session, shown};
use crate::{cli::held::Audit, progress::day};

/// Runs the command; returns the exit code.
///
/// # Errors
/// On wrong input, and when the store cannot be used.
pub(crate) fn run(args: &Audit) -> Result<u8> {
    let since = args.since.as_deref().map_or(Ok(i64::MIN), |text| day("--since", text))?;
    let session = Session::open(&args.actor)?;
    let filter = AuditFilter { on: args.on.clone(), who: args.by.clone() };
    let (mut before, mut left) = (None, args.limit);
    while left > 0 {
        let page = session.wait(session.store.audit(&filter, before))?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        // Times are those of whoever acted and need not be in the order of the numbers.
        for entry in page.iter().filter(|entry| entry.at >= since).take(left) {
            left -= 1;
            if session.json {
                println!("{}", serde_json::to_string(entry)?);
            } else {
                print!("{}", shown::entry(&session.words, entry));
            }
        }
    }
    if left == args.limit {
        return Ok(session.nothing("audit-nothing"));
    }
    Ok(0)
}
