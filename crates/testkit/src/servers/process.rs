//! A server process that ends with its owner: when it is dropped, and when the test process dies in any way.

use std::{
    io,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use super::PAUSE;

/// Until processes that do not end politely are killed. Nothing that they write is needed any more, or it survives that.
const GRACE: Duration = Duration::from_secs(1);

/// A daemon in the foreground, leader of its process group, and who ends it when we cannot.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    heir: Child,
}

impl Daemon {
    /// Starts it. It leads a group of its own at once (`leads`), or makes one itself.
    pub(super) fn start(command: &mut Command, leads: bool) -> io::Result<Self> {
        if leads {
            command.process_group(0);
        }
        let child = command.stdin(Stdio::null()).spawn()?;
        // Its standard input ends when this process ends, however that happens.
        let heir = Command::new("sh")
            .args(["-c", "read -r nothing; kill -TERM -- -$0 2>/dev/null"])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()?;
        Ok(Self { child, heir })
    }

    /// Whether it ended by itself.
    pub(super) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it and all its processes, and waits until they are gone.
    pub(super) fn end(&mut self) {
        let _ = self.heir.kill();
        let _ = self.heir.wait();
        let pid = Pid::from_child(&self.child);
        let _ = kill_process_group(pid, Signal::TERM);
        let _ = kill_process(pid, Signal::TERM);
        let begin = Instant::now();
        while !self.ended() || test_kill_process_group(pid).is_ok() {
            if begin.elapsed() > GRACE {
                let _ = kill_process_group(pid, Signal::KILL);
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}
